using Pgkeep.Postgres.Wal.Changes;

namespace Pgkeep.Postgres.Wal.Index;

/// <summary>Which transactions have records in a segment, and which end in it.</summary>
internal sealed class TransactionTable
{
    private readonly NumberSetBuilder _writing = new(isDense: true);
    private readonly NumberSetBuilder _committed = new(isDense: true);
    private readonly NumberSetBuilder _aborted = new(isDense: true);
    private readonly List<LateEnding> _late = [];
    private uint _recent;
    private Ending _first;
    private Ending _last;
    private long _earliest = long.MaxValue;
    private long _latest = long.MinValue;

    public long Commits { get; private set; }

    public long Aborts { get; private set; }

    public WalMoment? FirstCommit => Commits > 0 ? _first.ToMoment() : null;

    public WalMoment? LastCommit => Commits > 0 ? _last.ToMoment() : null;

    public (DateTimeOffset Earliest, DateTimeOffset Latest)? CommitTimes =>
        Commits > 0 && WalMoment.TryGetTime(_earliest, out var earliest) && WalMoment.TryGetTime(_latest, out var latest) ? (earliest, latest) : null;

    public NumberSet Committed => _committed.ToSet();

    public NumberSet Aborted => _aborted.ToSet();

    public NumberSet Unfinished => _writing.ToSet(_committed, _aborted);

    public IReadOnlyList<LateEnding> LateEndings => _late;

    public long Memory => _writing.Memory + _committed.Memory + _aborted.Memory + (_late.Count * 128L);

    /// <param name="xid">Of a record that is no end; 0 is none.</param>
    public void AddRecord(uint xid)
    {
        if (xid != _recent && xid != 0)
        {
            _recent = xid;
            _writing.Add(xid);
        }
    }

    /// <summary>The end of a transaction that lists no subtransactions.</summary>
    public void AddEnd(in Ending ending)
    {
        if (!Add(ending))
        {
            _late.Add(new LateEnding(ending.ToMoment(), default));
        }
    }

    public void AddEnd(in Ending ending, PackedNumbers subtransactions)
    {
        var isKnown = Add(ending);
        for (var i = 0; i < subtransactions.Count; i++)
        {
            (ending.IsCommit ? _committed : _aborted).Add(subtransactions[i]);
            isKnown |= _writing.Contains(subtransactions[i]);
        }

        if (!isKnown)
        {
            _late.Add(new LateEnding(ending.ToMoment(), ToSet(subtransactions)));
        }
    }

    /// <returns>Whether there was a record of it.</returns>
    private bool Add(in Ending ending)
    {
        if (ending.IsCommit)
        {
            _first = Commits++ == 0 ? ending : _first;
            _last = ending;
            _earliest = Math.Min(_earliest, ending.Microseconds);
            _latest = Math.Max(_latest, ending.Microseconds);
        }
        else
        {
            Aborts++;
        }

        if (ending.Xid == 0)
        {
            return false;
        }

        (ending.IsCommit ? _committed : _aborted).Add(ending.Xid);
        return _writing.Contains(ending.Xid);
    }

    private static NumberSet ToSet(PackedNumbers numbers)
    {
        if (numbers.Count == 0)
        {
            return default;
        }

        var set = new NumberSetBuilder(isDense: false);
        for (var i = 0; i < numbers.Count; i++)
        {
            set.Add(numbers[i]);
        }

        return set.ToSet();
    }

    /// <summary>A <see cref="WalMoment"/> of which the time is not looked at before it is asked for.</summary>
    /// <param name="Microseconds">One that a clock shows: see <see cref="WalMoment.TryGetTime"/>.</param>
    internal readonly record struct Ending(WalMomentKind Kind, uint Xid, Lsn Start, Lsn End, long Microseconds)
    {
        public bool IsCommit => Kind is WalMomentKind.Commit or WalMomentKind.CommitPrepared;

        public WalMoment ToMoment() => new(Kind, Start, End, Xid, WalMoment.TryGetTime(Microseconds, out var time) ? time : default);
    }
}
