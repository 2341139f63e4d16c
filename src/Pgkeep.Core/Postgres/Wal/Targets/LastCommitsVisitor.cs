namespace Pgkeep.Postgres.Wal.Targets;

/// <summary>Keeps the last commits of a stretch of WAL.</summary>
internal sealed class LastCommitsVisitor : IWalRecordVisitor
{
    private readonly Queue<WalMoment> _commits = [];
    private readonly WalRecordBody _body = new();
    private readonly Lsn _from;
    private readonly Lsn _until;
    private readonly DateTimeOffset? _atMost;
    private readonly int _count;

    /// <param name="from">Where the first record begins, at the earliest.</param>
    /// <param name="until">The last record begins before it.</param>
    /// <param name="atMost">Later commits do not count; null where all do.</param>
    public LastCommitsVisitor(Lsn from, Lsn until, DateTimeOffset? atMost, int count) => (_from, _until, _atMost, _count) = (from, until, atMost, count);

    /// <summary>Oldest first.</summary>
    public IReadOnlyCollection<WalMoment> Commits => _commits;

    public bool Visit(in WalRecord record)
    {
        if (record.Start >= _until)
        {
            return false;
        }

        if (record.Start >= _from && WalMoment.TryRead(record, _body, out var moment) && moment.IsCommit && !(moment.Time > _atMost))
        {
            _commits.Enqueue(moment);
            if (_commits.Count > _count)
            {
                _commits.Dequeue();
            }
        }

        return true;
    }
}
