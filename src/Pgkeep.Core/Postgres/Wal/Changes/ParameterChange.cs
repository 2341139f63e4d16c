namespace Pgkeep.Postgres.Wal.Changes;

/// <summary>The server was started with other limits than before.</summary>
// PostgreSQL src/include/access/xlog_internal.h, xl_parameter_change; the same in 13 to 18
internal static class ParameterChange
{
    /// <param name="body">To decode it with.</param>
    /// <returns>False for other records, and where the record is not what it should be.</returns>
    public static bool TryRead(in WalRecord record, WalRecordBody body, out ServerLimits limits)
    {
        limits = default;
        if (!record.IsOf(WalManagers.Log, WalManagers.LogParameterChange) || !body.TryDecode(record, out _))
        {
            return false;
        }

        var data = new MainDataCursor(body.MainData(record));
        limits = new ServerLimits((int)data.UInt32(), (int)data.UInt32(), (int)data.UInt32(), (int)data.UInt32(), (int)data.UInt32());
        return !data.IsShort;
    }
}
