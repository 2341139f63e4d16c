using Pgkeep.Postgres.Server;

namespace Pgkeep.Backup;

/// <summary>What <c>pg_stat_archiver</c> says.</summary>
/// <param name="ArchivedCount">Grows with every success.</param>
/// <param name="LastArchived">Null before the first.</param>
/// <param name="LastFailed">Null while the last attempt was a success, or there was none.</param>
/// <param name="Failure">In words, where <paramref name="LastFailed"/> is not null.</param>
internal sealed record ArchiverStatus(long ArchivedCount, string? LastArchived, string? LastFailed, string? Failure)
{
    public static ArchiverStatus Unknown { get; } = new(0, null, null, null);

    public static readonly string[] Hints =
    [
        "see the server's log and archive.log beside the archived WAL for the reason",
        "try it by hand, as the server's account and in the data directory: scripts/archive-wal.sh pg_wal/SEGMENT SEGMENT",
    ];

    public static async Task<ArchiverStatus> ReadAsync(ServerConnection connection, CancellationToken cancellationToken)
    {
        var rows = await connection.QueryAsync(
            """
            SELECT archived_count, last_archived_wal, last_failed_wal,
                format('"%s" failed at %s, %s failures so far', last_failed_wal, to_char(last_failed_time, 'YYYY-MM-DD HH24:MI:SS TZH:TZM'), failed_count),
                coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false)
            FROM pg_stat_archiver
            """,
            row => row.Get<bool>(4)
                ? new ArchiverStatus(row.Get<long>(0), row.Text(1), row.Text(2), row.Text(3))
                : new ArchiverStatus(row.Get<long>(0), row.Text(1), null, null),
            cancellationToken);
        return rows[0];
    }
}
