using System.Text;

namespace Pgkeep.Postgres.Wal;

/// <summary>The record of <c>pg_create_restore_point</c>: its time, which <see cref="WalMoment"/> reads, and its name.</summary>
// PostgreSQL src/include/access/xlog_internal.h, xl_restore_point; src/include/access/xlogrecord.h, MAXFNAMELEN
internal static class WalRestorePoint
{
    private const int NameOffset = 8;
    private const int NameLength = 64;

    /// <summary>False for other records, and where the record is not what it should be.</summary>
    /// <param name="body">To decode it with.</param>
    public static bool TryReadName(in WalRecord record, WalRecordBody body, out string name)
    {
        name = "";
        if (!record.IsOf(WalManagers.Log, WalManagers.LogRestorePoint)
            || !body.TryDecode(record, out _)
            || body.MainData(record) is not { Length: >= NameOffset + NameLength } main)
        {
            return false;
        }

        var bytes = main.Slice(NameOffset, NameLength);
        var end = bytes.IndexOf((byte)0);
        name = Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
        return true;
    }
}
