using System.Globalization;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Server;

namespace Pgkeep.Check;

/// <summary>What the server says about its archiving, at one moment by its own clock.</summary>
internal sealed record ArchiverReport
{
    public required DateTimeOffset Now { get; init; }

    public required bool IsInRecovery { get; init; }

    public required string ArchiveMode { get; init; }

    /// <summary>Whether the server has been told how to archive.</summary>
    public required bool HasCommand { get; init; }

    public bool Archives => ArchiveMode != "off" && HasCommand;

    /// <summary>Zero where the server never ends a segment by time.</summary>
    public required TimeSpan ArchiveTimeout { get; init; }

    public required WalSegmentSize SegmentSize { get; init; }

    /// <summary>Null on a standby.</summary>
    public Lsn? Written { get; init; }

    public string? LastArchived { get; init; }

    public DateTimeOffset? LastArchivedTime { get; init; }

    public string? LastFailed { get; init; }

    public DateTimeOffset? LastFailedTime { get; init; }

    public required long Failures { get; init; }

    /// <summary>When the counting began: the server's first start, or the last reset.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Since when the oldest finished segment waits; null where none waits, or where the role may not look.</summary>
    public DateTimeOffset? WaitingSince { get; init; }

    /// <summary>Whether the role may look.</summary>
    public required bool KnowsWaiting { get; init; }

    public static async Task<ArchiverReport> ReadAsync(ServerConnection server, CancellationToken cancellationToken)
    {
        // Asked for apart: a call that may not be made fails the statement even in a branch that is not taken.
        var mayLook = await server.ScalarAsync<bool>("SELECT has_function_privilege('pg_ls_archive_statusdir()', 'execute')", cancellationToken);
        var waiting = mayLook
            ? await server.QueryAsync(
                "SELECT min(modification) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'", row => TimeOrNull(row, 0), cancellationToken)
            : [null];
        var reports = await server.QueryAsync(
            """
            SELECT clock_timestamp(), pg_is_in_recovery(), current_setting('archive_mode'),
                   (SELECT setting::int8 FROM pg_settings WHERE name = 'archive_timeout'), (SELECT setting::int8 FROM pg_settings WHERE name = 'wal_segment_size'),
                   CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn()::text END,
                   last_archived_wal, last_archived_time, last_failed_wal, last_failed_time, failed_count,
                   greatest(coalesce(stats_reset, pg_postmaster_start_time()), pg_postmaster_start_time()),
                   current_setting('archive_command') NOT IN ('', '(disabled)') OR coalesce(current_setting('archive_library', true), '') <> ''
            FROM pg_stat_archiver
            """,
            row => new ArchiverReport
            {
                Now = ServerFacts.TimeOf(row, 0),
                IsInRecovery = row.Get<bool>(1),
                ArchiveMode = row.Get<string>(2),
                ArchiveTimeout = TimeSpan.FromSeconds(row.Get<long>(3)),
                SegmentSize = new WalSegmentSize(checked((uint)row.Get<long>(4))),
                Written = row.Text(5) is { } written ? Lsn.Parse(written) : null,
                LastArchived = row.Text(6),
                LastArchivedTime = TimeOrNull(row, 7),
                LastFailed = row.Text(8),
                LastFailedTime = TimeOrNull(row, 9),
                Failures = row.Get<long>(10),
                Since = ServerFacts.TimeOf(row, 11),
                HasCommand = row.Get<bool>(12),
                WaitingSince = waiting[0],
                KnowsWaiting = mayLook,
            },
            cancellationToken);
        return reports[0];
    }

    private static DateTimeOffset? TimeOrNull(ServerRow row, int column) => row.IsNull(column) ? null : ServerFacts.TimeOf(row, column);

    /// <summary>For a message.</summary>
    public string DescribeFailure() =>
        $"archive_command failed for \"{LastFailed}\" at {LastFailedTime?.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture)}, {Failures} failures so far";
}
