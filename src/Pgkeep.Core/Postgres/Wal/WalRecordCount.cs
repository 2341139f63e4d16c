namespace Pgkeep.Postgres.Wal;

/// <summary>Records of one kind: how many, and how large.</summary>
/// <param name="RecordBytes">Without the full-page images.</param>
internal record struct WalRecordCount(long Records, long RecordBytes, long ImageBytes)
{
    public readonly long Bytes => RecordBytes + ImageBytes;

    public void Add(uint recordBytes, uint imageBytes)
    {
        Records++;
        RecordBytes += recordBytes;
        ImageBytes += imageBytes;
    }

    public static WalRecordCount operator +(WalRecordCount left, WalRecordCount right) =>
        new(left.Records + right.Records, left.RecordBytes + right.RecordBytes, left.ImageBytes + right.ImageBytes);
}
