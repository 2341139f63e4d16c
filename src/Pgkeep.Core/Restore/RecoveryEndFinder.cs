using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>
/// Reads, before anything is touched, the records that a recovery would replay, and finds the one where it ends. A moment and a position are looked up where they
/// lie; a transaction or a name can be anywhere behind the backup's start, and all of it is read up to there.
/// </summary>
internal sealed class RecoveryEndFinder
{
    /// <summary>Commits that the plan shows on each side of the target.</summary>
    public const int Near = 3;

    private readonly RecoverableWal _wal;
    private readonly RecoverableRecords _records;
    private readonly BackupMetadata _backup;
    private readonly WalSegmentSize _size;
    private readonly ulong _first;
    private readonly ulong _last;
    private readonly Func<ulong, WalSegmentName?> _find;

    /// <param name="find">The segment that a recovery reads at a number; null where there is none.</param>
    /// <param name="last">Of the last segment that is reached without a hole.</param>
    public RecoveryEndFinder(RecoverableWal wal, BackupMetadata backup, Func<ulong, WalSegmentName?> find, ulong last)
    {
        (_wal, _backup, _find, _last) = (wal, backup, find, last);
        _records = new RecoverableRecords(wal, find);
        _size = wal.Identity.WalSegmentSize;
        _first = FirstReadable();
    }

    /// <param name="known">Where the record was found at which the recovery stops, so that nothing before it is read again; null where it was not looked for yet.</param>
    /// <param name="isForPlan">Whether the commits next to the target are wanted, too.</param>
    public async ValueTask<RecoveryEnd> FindAsync(RecoveryTarget target, Lsn? known, bool isForPlan, CancellationToken cancellationToken)
    {
        var end = target.Kind switch
        {
            RecoveryTargetKind.Latest => new RecoveryEnd(target, null),
            RecoveryTargetKind.Immediate => await ReadAsync(target, RecoveryTarget.OfLsn(_backup.StopLsn, isExclusive: true), _backup.StopWal.Number(_size), cancellationToken),
            RecoveryTargetKind.Time => await ReadAsync(target, target, Before(await _records.FindAsync(target.Time!.Value, _first, _last, cancellationToken)), cancellationToken),
            RecoveryTargetKind.Lsn => await ReadAsync(target, target, Before(target.Position!.Value.Value / _size.Bytes), cancellationToken),
            _ => await ReadAsync(target, target, known is { } position ? Before(position.Value / _size.Bytes) : _first, cancellationToken),
        };
        return isForPlan || end.IsBehindAll ? await WithCommitsAsync(end, cancellationToken) : end;
    }

    /// <summary>Hands out the records that the recovery would replay, as far as they lie outside the backup.</summary>
    public async ValueTask VisitAsync(IWalRecordVisitor visitor, ulong from, CancellationToken cancellationToken) =>
        await _records.ReadAsync(Math.Max(from, _first), _last, visitor, cancellationToken);

    /// <summary>The server takes the first record that it cannot read for the end of the WAL, and says nothing: WAL that went through hands is read to its end before.</summary>
    /// <param name="from">Number of its first segment.</param>
    /// <exception cref="PgkeepException">The records end before the last segment.</exception>
    public async ValueTask RequireWholeAsync(ulong from, CancellationToken cancellationToken)
    {
        if (from <= _last && await _records.ReadAsync(Before(from), _last, new WalPassage(), cancellationToken) is { } ended && ended.Segment.Number(_size) < _last)
        {
            throw new PgkeepException(
                ErrorKind.WalInvalid,
                $"{ended.Problem}: the recovery would end there, and leave out what comes behind it",
                "nothing was changed; copy that file again, where its disk still gives it",
                "or say that the restore is to end before it, with --target-time for example");
        }
    }

    /// <param name="looked">Of the immediate target, a position in its place.</param>
    private async ValueTask<RecoveryEnd> ReadAsync(RecoveryTarget target, RecoveryTarget looked, ulong from, CancellationToken cancellationToken)
    {
        var visitor = new RecoveryStopVisitor(looked, _backup.StartLsn, Near);
        string? problem = null;
        try
        {
            var ended = from > _last ? null : await _records.ReadAsync(from, _last, visitor, cancellationToken);
            if (visitor.Stop is null && ended is not null && ended.Segment.Number(_size) < _last)
            {
                throw new PgkeepException(
                    ErrorKind.WalInvalid, $"{ended.Problem}, and no recovery gets across that to {target}", "nothing was changed", "pgkeep verify --wal reads the whole archive and names everything that is wrong with it");
            }
        }
        catch (PgkeepException failure) when (visitor.Stop is not null || target.Kind == RecoveryTargetKind.Immediate)
        {
            // Behind the stop only what the plan tells is at stake.
            problem = failure.Message;
        }

        var isImmediate = target.Kind == RecoveryTargetKind.Immediate;
        return new RecoveryEnd(target, visitor.End)
        {
            Stop = isImmediate ? null : visitor.Stop,
            NeededUntil = isImmediate ? _backup.StopLsn : visitor.Stop?.End,
            LastIn = [.. visitor.Before],
            FirstOut = visitor.After,
            Repeats = visitor.Repeats,
            Parent = visitor.Parent,
            Problem = problem,
        };
    }

    /// <summary>Adds what lies too far before the target to have been read, and the last commit there is.</summary>
    private async ValueTask<RecoveryEnd> WithCommitsAsync(RecoveryEnd end, CancellationToken cancellationToken)
    {
        try
        {
            var behind = new Lsn((_last + 1) * _size.Bytes);
            var all = await _records.LastCommitsAsync(_backup.StopLsn, behind, atMost: null, Near, cancellationToken);
            var boundary = end.Stop is { } stop ? stop.IsReplayed ? stop.End : stop.Record : end.NeededUntil;
            var before = boundary is null ? all
                : end.LastIn.Count >= Near ? end.LastIn
                : await _records.LastCommitsAsync(_backup.StartLsn, boundary.Value, atMost: null, Near, cancellationToken);
            return end with { LastIn = before, LastCommit = all is [.., var last] ? last : null };
        }
        catch (PgkeepException failure)
        {
            // A recovery that needs what cannot be read will say so; a plan without these lines is still right.
            return end with { Problem = end.Problem ?? failure.Message };
        }
    }

    /// <summary>One earlier: the commits next to the target may lie there, or a record begin that goes on in the segment.</summary>
    private ulong Before(ulong number) => Math.Clamp(number > 0 ? number - 1 : 0, _first, Math.Max(_first, _last));

    /// <summary>What only the backup itself has is in its tar; of its records none is a target that it leads to.</summary>
    private ulong FirstReadable()
    {
        var (start, stop) = (_backup.StartWal.Number(_size), _backup.StopWal.Number(_size));
        for (var number = stop; number >= start; number--)
        {
            if (_find(number) is not { } segment || !_wal.CanRead(segment))
            {
                return number + 1;
            }
        }

        return start;
    }

    /// <summary>Takes every record.</summary>
    private sealed class WalPassage : IWalRecordVisitor
    {
        public bool Visit(in WalRecord record) => true;
    }
}
