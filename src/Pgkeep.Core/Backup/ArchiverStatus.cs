using Pgkeep.Postgres.Server;

namespace Pgkeep.Backup;

/// <summary>What <c>pg_stat_archiver</c> says when WAL does not arrive.</summary>
internal static class ArchiverStatus
{
    public static readonly string[] Hints =
    [
        "see the server's log and archive.log beside the archived WAL for the reason",
        "try it by hand, as the server's account and in the data directory: scripts/archive-wal.sh pg_wal/SEGMENT SEGMENT",
    ];

    /// <summary>Null while the last attempt was a success, or there was none.</summary>
    public static async Task<string?> ReadFailureAsync(ServerConnection connection, CancellationToken cancellationToken)
    {
        var rows = await connection.QueryAsync(
            """
            SELECT format('"%s" failed at %s, %s failures so far', last_failed_wal, to_char(last_failed_time, 'YYYY-MM-DD HH24:MI:SS TZH:TZM'), failed_count)
            FROM pg_stat_archiver
            WHERE last_failed_time > coalesce(last_archived_time, '-infinity')
            """,
            row => row.Get<string>(0),
            cancellationToken);
        return rows.Count == 0 ? null : rows[0];
    }
}
