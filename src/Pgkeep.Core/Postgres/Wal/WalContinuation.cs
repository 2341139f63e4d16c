namespace Pgkeep.Postgres.Wal;

/// <summary>
/// What a reading begins with of a record that began before it: enough to check the record once its beginning is there, without a second look at the rest.
/// </summary>
internal sealed class WalContinuation
{
    /// <summary>Holds whatever of a record's header is still to come (a record's first 8 bytes are on the page where it begins), and what follows of a commit.</summary>
    private const int HeldLength = 64;

    private readonly byte[] _first = new byte[HeldLength];
    private int _count;
    private uint _checksum = Crc32C.Initial;

    /// <param name="total">xlp_rem_len of the first page.</param>
    public WalContinuation(uint total) => Total = total;

    /// <summary>What is still to come of the record at the beginning of the reading.</summary>
    public uint Total { get; }

    public long Length { get; private set; }

    public long Remaining => Total - Length;

    public void Append(ReadOnlySpan<byte> part)
    {
        Length += part.Length;
        var kept = Math.Min(HeldLength - _count, part.Length);
        part[..kept].CopyTo(_first.AsSpan(_count));
        _count += kept;
        _checksum = Crc32C.Append(_checksum, part[kept..]);
    }

    /// <summary>Adds what was read to a record of which this is the next part, with <see cref="Total"/> bytes remaining.</summary>
    public void AppendTo(WalRecordAssembly record)
    {
        record.Append(_first.AsSpan(0, _count));
        if (Length > _count)
        {
            record.AppendChecksum(Crc32C.Final(_checksum), Length - _count);
        }
    }
}
