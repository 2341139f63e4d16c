using System.Collections;
using Pgkeep.Output;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Search;

namespace Pgkeep.Commands.Walk;

/// <summary>All that was found as one timeline, in the order of the WAL; what has no end there comes last. The words are made when they are asked for: there may be a million.</summary>
internal sealed class WalkMoments : IReadOnlyList<WalkMoment>
{
    private const int MaxRelations = 50;

    private readonly List<(Lsn Position, Func<WalkMoment> Describe)> _moments = [];
    private readonly FoundText _text;
    private readonly RestoreCommandLine _restore;
    private readonly TimeProvider _time;

    public WalkMoments(FindResult result, FoundText text, RestoreCommandLine restore, TimeProvider time)
    {
        (_text, _restore, _time) = (text, restore, time);
        _moments.AddRange(result.Transactions.Select(transaction => (transaction.End ?? new Lsn(ulong.MaxValue), (Func<WalkMoment>)(() => Of(transaction)))));
        _moments.AddRange(result.RestorePoints.Select(point => (point.Start, (Func<WalkMoment>)(() => Of(point)))));
        if (result.Near is { } near)
        {
            var found = result.Transactions.Select(transaction => transaction.End).ToHashSet();
            Add(near.Before, "restored");
            Add(near.After, "not restored");
            void Add(IEnumerable<WalMoment> commits, string what) =>
                _moments.AddRange(commits.Where(commit => !found.Contains(commit.Start)).Select(commit => (commit.Start, (Func<WalkMoment>)(() => Of(commit, what)))));
        }

        // The sort of List does not keep the order of what is equal.
        _moments = [.. _moments.OrderBy(moment => moment.Position)];
        Beginning = result.Near is not { } commits ? 0
            : commits.After is [var next, ..] ? IndexOf(next.Start)
            : commits.Before.Count > 0 ? IndexOf(commits.Before.Last().Start)
            : 0;
    }

    /// <summary>Where the cursor stands at first: at the first commit that a restore to the moment that was asked for does not bring back.</summary>
    public int Beginning { get; }

    public int Count => _moments.Count;

    public WalkMoment this[int index] => _moments[index].Describe();

    public IEnumerator<WalkMoment> GetEnumerator() => _moments.Select(moment => moment.Describe()).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int IndexOf(Lsn position) => Math.Max(0, _moments.FindIndex(moment => moment.Position == position));

    private WalkMoment Of(FoundTransaction transaction) => new()
    {
        Title = FoundText.TitleOf(transaction.Outcome).TrimEnd(),
        Time = transaction.Time is { } time ? _text.Time(time) : "",
        ShortTime = transaction.Time is { } end ? TimestampText.Short(end, _time) : "",
        Xid = $"{transaction.Xid}",
        Summary = _text.Short(transaction),
        Description = [.. new[] { _text.When(transaction), FoundText.Where(transaction) }.OfType<string>()],
        Commands = Commands(_restore.Before(transaction), _restore.After(transaction)),
        Did = [.. _text.Did(transaction, MaxRelations), .. new[] { FoundText.Missing(transaction) }.OfType<string>()],
    };

    private WalkMoment Of(FoundRestorePoint point) => new()
    {
        Title = "point",
        Time = _text.Time(point.Time),
        ShortTime = TimestampText.Short(point.Time, _time),
        Xid = "",
        Summary = $"restore point {point.Name}",
        Description = [$"{point.Name}, {_text.Time(point.Time)}, at {point.Start}"],
        Commands = [new WalkCommand("restore", _restore.To(point))],
    };

    /// <param name="what">What a restore to the moment that was asked for makes of it.</param>
    private WalkMoment Of(WalMoment commit, string what) => new()
    {
        Title = "commit",
        Time = _text.Time(commit.Time),
        ShortTime = TimestampText.Short(commit.Time, _time),
        Xid = $"{commit.Xid}",
        Summary = what,
        Description = [$"{_text.Time(commit.Time)}, transaction {commit.Xid}", $"at {commit.Start}; {what} by --target-time with the moment that was asked for"],
        Commands = Commands(_restore.Before(commit.Xid), _restore.After(commit.Xid)),
    };

    private static IReadOnlyList<WalkCommand> Commands(string? before, string? after) =>
        [.. new[] { ("before", before), ("after", after) }.Where(command => command.Item2 is not null).Select(command => new WalkCommand(command.Item1, command.Item2!))];
}
