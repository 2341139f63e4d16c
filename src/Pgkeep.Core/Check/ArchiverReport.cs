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

    /// <summary>Whether this very server hands files to its archive_command: a standby mostly leaves that to its primary.</summary>
    public bool ArchivesItself => Archives && (!IsInRecovery || ArchiveMode == "always");

    /// <summary>Zero where the server never ends a segment by time.</summary>
    public required TimeSpan ArchiveTimeout { get; init; }

    public required WalSegmentSize SegmentSize { get; init; }

    /// <summary>Null where it was not asked.</summary>
    public SystemIdentifier? SystemIdentifier { get; init; }

    /// <summary>Null on a standby.</summary>
    public Lsn? Written { get; init; }

    /// <summary>How far its WAL goes: what a primary has written, what a standby has received or replayed. Null where it does not tell.</summary>
    public Lsn? Position { get; init; }

    /// <summary>On which it is.</summary>
    public TimelineId? Timeline { get; init; }

    public string? LastArchived { get; init; }

    public DateTimeOffset? LastArchivedTime { get; init; }

    public string? LastFailed { get; init; }

    public DateTimeOffset? LastFailedTime { get; init; }

    public required long Failures { get; init; }

    /// <summary>Whether no success has followed the last failure.</summary>
    public bool IsFailing => LastFailedTime is { } failed && failed > (LastArchivedTime ?? DateTimeOffset.MinValue);

    /// <summary>When the counting began: the server's first start, or the last reset.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Since when the oldest finished segment waits; null where none waits, or where the role may not look.</summary>
    public DateTimeOffset? WaitingSince { get; init; }

    /// <summary>Finished files that wait to be archived; null where the role may not look.</summary>
    public long? Waiting { get; init; }

    /// <summary>Physical slots that stay when their session ends.</summary>
    public IReadOnlyList<ReceiverSlot> Slots { get; init; } = [];

    /// <summary>Whether the role may look.</summary>
    public required bool KnowsWaiting { get; init; }

    public static async Task<ArchiverReport> ReadAsync(ServerConnection server, CancellationToken cancellationToken)
    {
        // Asked for apart: a call that may not be made fails the statement even in a branch that is not taken.
        var mayLook = await server.ScalarAsync<bool>("SELECT has_function_privilege('pg_ls_archive_statusdir()', 'execute')", cancellationToken);
        var waiting = mayLook
            ? await server.QueryAsync(
                "SELECT min(modification), count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'",
                row => (Since: TimeOrNull(row, 0), Count: (long?)row.Get<long>(1)),
                cancellationToken)
            : [(null, null)];
        var slots = await server.QueryAsync(
            "SELECT slot_name::text, active, restart_lsn::text, wal_status FROM pg_replication_slots WHERE slot_type = 'physical' AND NOT temporary",
            row => new ReceiverSlot(row.Get<string>(0), row.Get<bool>(1), row.Text(2) is { } restart ? Lsn.Parse(restart) : null, row.Text(3)),
            cancellationToken);
        var reports = await server.QueryAsync(
            """
            SELECT clock_timestamp(), pg_is_in_recovery(), current_setting('archive_mode'),
                   (SELECT setting::int8 FROM pg_settings WHERE name = 'archive_timeout'), (SELECT setting::int8 FROM pg_settings WHERE name = 'wal_segment_size'),
                   CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn()::text END,
                   last_archived_wal, last_archived_time, last_failed_wal, last_failed_time, failed_count,
                   greatest(coalesce(stats_reset, pg_postmaster_start_time()), pg_postmaster_start_time()),
                   current_setting('archive_command') NOT IN ('', '(disabled)') OR coalesce(current_setting('archive_library', true), '') <> '',
                   (SELECT system_identifier::text FROM pg_control_system()),
                   CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::text ELSE pg_current_wal_lsn()::text END,
                   CASE WHEN pg_is_in_recovery() THEN (SELECT greatest(min_recovery_end_timeline, timeline_id)::int8 FROM pg_control_recovery(), pg_control_checkpoint())
                        ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int8 END
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
                SystemIdentifier = ServerFacts.SystemIdentifierOf(row.Get<string>(13)),
                Position = row.Text(14) is { } position ? Lsn.Parse(position) : null,
                Timeline = new TimelineId(checked((uint)row.Get<long>(15))),
                WaitingSince = waiting[0].Since,
                Waiting = waiting[0].Count,
                KnowsWaiting = mayLook,
                Slots = slots,
            },
            cancellationToken);
        return reports[0];
    }

    private static DateTimeOffset? TimeOrNull(ServerRow row, int column) => row.IsNull(column) ? null : ServerFacts.TimeOf(row, column);

    /// <summary>For a message.</summary>
    public string DescribeFailure() =>
        $"archive_command failed for \"{LastFailed}\" at {LastFailedTime?.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture)}, {Failures} failures so far";
}
