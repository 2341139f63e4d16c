using System.Diagnostics.CodeAnalysis;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;

namespace Pgkeep.Search;

/// <param name="Start">Of its record.</param>
internal sealed record FoundRestorePoint(string Name, DateTimeOffset Time, Lsn Start)
{
    /// <param name="body">To decode it with.</param>
    public static bool TryRead(in WalRecord record, WalRecordBody body, [NotNullWhen(true)] out FoundRestorePoint? point)
    {
        var isRead = WalRestorePoint.TryReadName(record, body, out var name);
        point = isRead && WalMoment.TryRead(record, body, out var moment) ? new FoundRestorePoint(name, moment.Time, record.Start) : null;
        return point is not null;
    }
}
