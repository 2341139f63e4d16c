using Pgkeep.Postgres.Wal.Changes;

namespace Pgkeep.Search;

/// <summary>The transactions and subtransactions under way that have written something, by their numbers.</summary>
internal sealed class OpenTransactions
{
    private readonly Dictionary<uint, OpenTransaction> _open = [];
    private HashSet<uint>? _first;
    private uint _firstNext;

    public OpenTransaction Get(uint xid)
    {
        if (!_open.TryGetValue(xid, out var transaction))
        {
            _open.Add(xid, transaction = new OpenTransaction());
        }

        return transaction;
    }

    public IEnumerable<KeyValuePair<uint, OpenTransaction>> All => _open;

    public OpenTransaction? Find(uint xid) => _open.GetValueOrDefault(xid);

    /// <summary>Takes out what ends: the transaction and the subtransactions that end in the same way, as far as they have written something.</summary>
    /// <param name="asked">A number that is looked for.</param>
    /// <param name="isAsked">Whether it is one of them.</param>
    public IReadOnlyList<OpenTransaction> Take(in TransactionEnd end, uint? asked, out bool isAsked)
    {
        isAsked = end.Xid == asked;
        var parts = new List<OpenTransaction>(1);
        if (_open.Remove(end.Xid, out var transaction))
        {
            parts.Add(transaction);
        }

        for (var i = 0; i < end.Subtransactions.Count; i++)
        {
            isAsked |= end.Subtransactions[i] == asked;
            if (_open.Remove(end.Subtransactions[i], out var part))
            {
                parts.Add(part);
            }
        }

        return parts;
    }

    /// <summary>Takes out what a crash has cut off: no record tells its end.</summary>
    public IReadOnlyList<OpenTransaction> RemoveLost(in RunningTransactions running)
    {
        if (_first is null)
        {
            (_first, _firstNext) = ([.. running.Xids.ToArray()], running.NextXid);
        }

        var lost = new List<OpenTransaction>();
        foreach (var xid in _open.Keys)
        {
            if (RunningTransactions.Precedes(xid, running.OldestXid))
            {
                lost.Add(_open[xid]);
                _open.Remove(xid);
            }
        }

        return lost;
    }

    /// <summary>Whether a transaction may have begun before the first record that was read: until it is known which were running then, any may.</summary>
    public bool MayHaveBegunBefore(uint xid) => _first is null || (_first.Contains(xid) && RunningTransactions.Precedes(xid, _firstNext));
}
