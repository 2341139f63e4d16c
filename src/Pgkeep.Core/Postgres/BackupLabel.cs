using System.Diagnostics.CodeAnalysis;

namespace Pgkeep.Postgres;

/// <summary>
/// The <c>backup_label</c> of a base backup. It makes the server begin recovery at the backup's own checkpoint instead of that in
/// pg_control, so it is stored byte for byte; this is only for reading what it says.
/// </summary>
/// <remarks>
/// All majors write the same lines in the same order; the last two since 17, in incremental backups only.
/// <code>
/// START WAL LOCATION: 0/6000028 (file 000000010000000000000006)
/// CHECKPOINT LOCATION: 0/6000080
/// BACKUP METHOD: streamed
/// BACKUP FROM: primary
/// START TIME: 2026-11-22 19:43:03 UTC
/// LABEL: any text, line ends included
/// START TIMELINE: 1
/// INCREMENTAL FROM LSN: 0/2000028
/// INCREMENTAL FROM TLI: 1
/// </code>
/// </remarks>
// PostgreSQL src/backend/access/transam/xlogbackup.c, build_backup_content; xlogrecovery.c, read_backup_label
internal sealed record BackupLabel
{
    /// <summary>Where recovery of the backup begins.</summary>
    public required Lsn StartLsn { get; init; }

    public required WalSegmentName StartSegment { get; init; }

    public required Lsn CheckpointLsn { get; init; }

    /// <summary>"streamed", or "pg_start_backup" for the exclusive kind that 13 and 14 still had.</summary>
    public required string BackupMethod { get; init; }

    /// <summary>"primary" ("master" in 13) or "standby".</summary>
    public required string BackupFrom { get; init; }

    /// <summary>In the server's log_timezone, whose abbreviation need not be unique; for people only.</summary>
    public required string StartTime { get; init; }

    public required string Label { get; init; }

    public required TimelineId StartTimeline { get; init; }

    /// <summary>
    /// The start of the backup that this one builds upon; null in a full one. No server starts from an incremental one.
    /// </summary>
    public Lsn? IncrementalFrom { get; init; }

    public TimelineId? IncrementalFromTimeline { get; init; }

    public bool IsFromStandby => BackupFrom == "standby";

    public static bool TryParse(string text, [NotNullWhen(true)] out BackupLabel? value, out string problem)
    {
        var parser = new BackupLabelParser(text);
        value = parser.Parse();
        problem = parser.Problem ?? "";
        return value is not null;
    }
}
