using Pgkeep.Postgres.Wal;

namespace Pgkeep.Search;

/// <summary>The last commits that a recovery to a moment replays, and the first that it does not: it ends at the first one that is later.</summary>
internal sealed class CommitsNear(DateTimeOffset moment)
{
    private const int OnEitherSide = 5;

    private readonly Queue<WalMoment> _before = new();
    private readonly List<WalMoment> _after = [];

    public IReadOnlyCollection<WalMoment> Before => _before;

    public IReadOnlyList<WalMoment> After => _after;

    public bool IsComplete => _after.Count == OnEitherSide;

    /// <param name="commit">In the order of the WAL.</param>
    public void Add(WalMoment commit)
    {
        if (commit.Time > moment || _after.Count > 0)
        {
            if (!IsComplete)
            {
                _after.Add(commit);
            }

            return;
        }

        _before.Enqueue(commit);
        if (_before.Count > OnEitherSide)
        {
            _before.Dequeue();
        }
    }
}
