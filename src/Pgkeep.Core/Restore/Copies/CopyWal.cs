using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Changes;
using Pgkeep.Postgres.Wal.Targets;

namespace Pgkeep.Restore.Copies;

/// <summary>What the records say that a copy will replay. All of them were read.</summary>
/// <param name="Last">Where the last of them begins.</param>
/// <param name="Limits">That the server was started with meanwhile.</param>
internal sealed record CopyWal(Lsn Last, ServerLimits Limits)
{
    /// <summary>The first that leads out of the copy; null where none does.</summary>
    public CreatedTablespace? Created { get; init; }

    /// <summary>A resource manager that is an extension's; null where there is none.</summary>
    public byte? CustomManager { get; init; }

    /// <summary>
    /// Throws where the replay would write outside of the copy, or could not be done by it. Nothing may have been changed yet.
    /// </summary>
    /// <param name="backup">Where the backup ends: no target lies before it.</param>
    public void RequireHarmless(Lsn backup)
    {
        if (Created is { } created)
        {
            throw new PgkeepException(
                ErrorKind.TablespaceInWal,
                $"the WAL has a CREATE TABLESPACE at {created.At}, and its replay would write into \"{created.Location}\", where the cluster's own files are",
                [
                    "nothing was changed; a backup that was taken since leads past it: pgkeep backup",
                    .. created.At >= backup ? new[] { $"this one leads up to there: --target-lsn {created.At} --target-exclusive" } : [],
                    "over the cluster itself, whose files are moved aside first, it can be replayed: pgkeep restore without --to",
                ]);
        }

        if (CustomManager is { } manager)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"the WAL has records of an extension (resource manager {manager}), which only a server replays that has loaded its library, and a copy loads none",
                "nothing was changed; over the cluster itself, with its own configuration, they can be replayed: pgkeep restore without --to");
        }
    }

    /// <summary>
    /// The same end in a form that no segment changes which the live server archives meanwhile: behind the last record that was read, and not at the end of whatever is archived by then.
    /// </summary>
    public RecoveryEnd Pin(RecoveryEnd end) => end.Told.Kind == RecoveryTargetKind.Latest ? end with { Pinned = RecoveryTarget.OfLsn(Last) } : end;
}
