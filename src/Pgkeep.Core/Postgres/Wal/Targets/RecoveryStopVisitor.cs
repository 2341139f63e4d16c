using Pgkeep.Postgres.Wal.Changes;

namespace Pgkeep.Postgres.Wal.Targets;

/// <summary>
/// Looks for the record at which a recovery to a target ends, and keeps the commits next to it: the last ones that will be replayed, and the first ones that will
/// not. Memory does not depend on how much goes by.
/// </summary>
internal sealed class RecoveryStopVisitor : IWalRecordVisitor
{
    /// <summary>
    /// Of a record on several pages: a prepared transaction's number stands behind all the lists of its commit. Where they are longer, it is not known.
    /// </summary>
    public const int HeldLength = 1024 * 1024;

    /// <summary>How far behind the stop commits are looked for.</summary>
    private const ulong Distance = 32 * 1024 * 1024;

    private const int MaxRepeats = 100;

    private readonly RecoveryTarget _target;
    private readonly Lsn _from;
    private readonly int _near;
    private readonly Queue<WalMoment> _before = [];
    private readonly List<WalMoment> _after = [];
    private readonly List<WalMoment> _repeats = [];
    private readonly WalRecordBody _body = new();
    private FullTransactionId? _next;

    /// <param name="from">Records before it are not replayed: the recovery begins here.</param>
    /// <param name="near">How many commits are kept on each side of the stop.</param>
    public RecoveryStopVisitor(RecoveryTarget target, Lsn from, int near) => (_target, _from, _near) = (target, from, near);

    /// <summary>Null where the recovery goes on behind all that was read.</summary>
    public RecoveryStop? Stop { get; private set; }

    /// <summary>Commits that will be replayed, oldest first.</summary>
    public IReadOnlyCollection<WalMoment> Before => _before;

    /// <summary>Commits that will not, oldest first.</summary>
    public IReadOnlyList<WalMoment> After => _after;

    /// <summary>Restore points of the same name behind the one where the recovery ends.</summary>
    public IReadOnlyList<WalMoment> Repeats => _repeats;

    /// <summary>The first end of a transaction that the one which is the target is a part of, as its subtransaction; null where none was read.</summary>
    public WalMoment? Parent { get; private set; }

    /// <summary>Behind the last record that was read; null before the first.</summary>
    public Lsn? End { get; private set; }

    public bool Visit(in WalRecord record)
    {
        End = record.End;
        if (record.Start < _from)
        {
            return true;
        }

        WalMoment? moment = WalMoment.TryRead(record, _body, out var read) ? read : null;
        if (Stop is not null)
        {
            return VisitBehind(record, moment);
        }

        Stop = _target.StopAt(record, moment, _body);
        if (_target.Xid is { } xid)
        {
            LookAtNumbers(record, xid, moment);
        }

        if (moment is { IsCommit: true } commit)
        {
            Keep(commit);
        }

        return Stop is null || GoesOn(record);
    }

    private void LookAtNumbers(in WalRecord record, uint xid, WalMoment? moment)
    {
        if (WalCheckpoint.TryReadNextXid(record, _body, out var next))
        {
            _next = next;
        }

        if (Stop is { } stop)
        {
            Stop = stop with { FullXid = _next is { } known ? FullTransactionId.Near(known, xid) : null };
        }
        else if (Parent is null && moment is not null && TransactionEnd.TryRead(record, _body, out var end) && end.Subtransactions.Contains(xid))
        {
            Parent = moment;
        }
    }

    private bool VisitBehind(in WalRecord record, WalMoment? moment)
    {
        if (moment is { IsCommit: true } commit && _after.Count < _near)
        {
            _after.Add(commit);
        }

        if (_target.Kind == RecoveryTargetKind.Name && _repeats.Count < MaxRepeats && moment is { } point && _target.StopAt(record, moment, _body) is not null)
        {
            _repeats.Add(point);
        }

        return GoesOn(record);
    }

    private void Keep(WalMoment commit)
    {
        if (Stop is { IsReplayed: false })
        {
            if (_near > 0)
            {
                _after.Add(commit);
            }

            return;
        }

        _before.Enqueue(commit);
        if (_before.Count > _near)
        {
            _before.Dequeue();
        }
    }

    /// <summary>A name can come again, however far away.</summary>
    private bool GoesOn(in WalRecord record) =>
        _near > 0 && (_target.Kind == RecoveryTargetKind.Name || (_after.Count < _near && record.Start - Stop!.Record < Distance));
}
