using System.Diagnostics.CodeAnalysis;
using System.Text;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;

namespace Pgkeep.Search;

/// <param name="Start">Of its record.</param>
// PostgreSQL src/include/access/xlog_internal.h, xl_restore_point
internal sealed record FoundRestorePoint(string Name, DateTimeOffset Time, Lsn Start)
{
    private const int NameLength = 64;

    /// <param name="body">Of the record.</param>
    public static bool TryRead(in WalRecord record, WalRecordBody body, [NotNullWhen(true)] out FoundRestorePoint? point)
    {
        point = null;
        var main = body.MainData(record);
        if (!record.IsOf(WalManagers.Log, WalManagers.LogRestorePoint) || main.Length < WalMoment.TimeLength + NameLength || !WalMoment.TryReadTime(main, out var time))
        {
            return false;
        }

        var name = main.Slice(WalMoment.TimeLength, NameLength);
        var end = name.IndexOf((byte)0);
        point = new FoundRestorePoint(Encoding.UTF8.GetString(name[..(end < 0 ? NameLength : end)]), time, record.Start);
        return true;
    }
}
