using Pgkeep.Postgres;

namespace Pgkeep.Repository;

/// <summary>
/// Where an archive has WAL and where it has holes, from its listing and its histories alone: the runs of consecutive segments of each timeline,
/// and between them what the histories say that there must be. Costs one pass over the names, however many there are.
/// </summary>
internal sealed class WalCoverage
{
    private readonly SortedDictionary<TimelineId, List<WalRun>> _runs = [];
    private readonly IReadOnlyDictionary<TimelineId, TimelineHistory> _histories;
    private readonly WalSegmentSize _size;

    /// <param name="histories">A timeline without one is taken for one without ancestors.</param>
    /// <param name="received">Segments that recovery finds beside the archive.</param>
    public WalCoverage(
        WalInventory inventory, IReadOnlyDictionary<TimelineId, TimelineHistory> histories, WalSegmentSize size, params IReadOnlyCollection<WalSegmentName> received)
    {
        _histories = histories;
        _size = size;
        foreach (var timeline in inventory.Timelines.Union(received.Select(segment => segment.Timeline)))
        {
            var beside = received.Where(segment => segment.Timeline == timeline).ToList();
            var stored = inventory.SegmentsOf(timeline);
            IEnumerable<WalSegmentName> segments = beside.Count == 0 ? stored : stored.Union(beside).Order();
            var numbers = segments.Where(segment => segment.IsValidFor(size)).Select(segment => segment.Number(size));
            if (RunsOf(numbers) is { Count: > 0 } runs)
            {
                _runs.Add(timeline, runs);
            }
        }
    }

    public IEnumerable<TimelineId> Timelines => _runs.Keys;

    /// <summary>In WAL order; none where nothing of the timeline is stored.</summary>
    public IReadOnlyList<WalRun> RunsOf(TimelineId timeline) => _runs.GetValueOrDefault(timeline) ?? [];

    public TimelineHistory HistoryOf(TimelineId timeline) => _histories.GetValueOrDefault(timeline) ?? TimelineHistory.Initial(timeline);

    /// <summary>
    /// What is missing of each timeline, in WAL order: between its segments, from its beginning on where older WAL is stored, and up to where a later
    /// timeline left it whose segments are stored. What lies before everything that is stored was removed, or never archived, and is no gap.
    /// </summary>
    public IReadOnlyList<WalGap> Gaps()
    {
        var missing = new SortedDictionary<TimelineId, List<WalRun>>();
        foreach (var (timeline, runs) in _runs)
        {
            for (var i = 1; i < runs.Count; i++)
            {
                Add(timeline, runs[i - 1].Last + 1, runs[i].First - 1);
            }

            var history = HistoryOf(timeline);
            if (history.BeginOf(timeline) is { } begin && begin.Value / _size.Bytes is var first && HasBefore(history, first))
            {
                Add(timeline, first, runs[0].First - 1);
            }

            foreach (var past in history.Switches)
            {
                AddTail(history, past.Timeline);
            }
        }

        return [.. missing.SelectMany(pair => Merge(pair.Value).Select(run => GapOf(pair.Key, run)))];

        void Add(TimelineId timeline, ulong first, ulong last)
        {
            if (first <= last && last != ulong.MaxValue)
            {
                (missing.TryGetValue(timeline, out var list) ? list : missing[timeline] = []).Add(new WalRun(first, last));
            }
        }

        // The segment in which a timeline was left is whole on the next one only.
        void AddTail(TimelineHistory history, TimelineId ancestor)
        {
            var (begin, end) = (history.BeginOf(ancestor)!.Value, history.EndOf(ancestor)!.Value);
            if (end.Value < _size.Bytes || end <= begin)
            {
                return;
            }

            var (first, last) = (begin.Value / _size.Bytes, (end.Value / _size.Bytes) - 1);
            var own = RunsOf(ancestor).Where(run => run.First <= last).ToList();
            if (own.Count > 0)
            {
                Add(ancestor, Math.Max(first, own[^1].Last + 1), last);
            }
            else if (HasBefore(history, first))
            {
                Add(ancestor, first, last);
            }
        }
    }

    /// <summary>The last segment that is reached along a history without a hole, beginning with the number; null where that one is not stored.</summary>
    public WalSegmentName? LastReached(TimelineHistory history, ulong first)
    {
        WalSegmentName? last = null;
        for (var number = first; ;)
        {
            var needed = Needed(history, number);
            var run = RunsOf(needed.Timeline).Cast<WalRun?>().FirstOrDefault(run => run!.Value.First <= number && number <= run.Value.Last);
            if (run is not { } found)
            {
                return last;
            }

            var end = history.EndOf(needed.Timeline) is { } left ? (left.Value / _size.Bytes) - 1 : ulong.MaxValue;
            var reached = Math.Min(found.Last, end);
            last = WalSegmentName.FromNumber(needed.Timeline, reached, _size);
            number = reached + 1;
        }
    }

    /// <summary>
    /// What the archive has lost of the WAL that a usable backup needs from it to lead further than to its own end, along any history: the first segment that is
    /// missing behind it though later ones are stored; or its own first one, where neither any of its own is stored nor anything later. Archiving is behind a
    /// backup as soon as it is complete, so that much was there.
    /// </summary>
    public IEnumerable<WalSegmentName> LostOf(BackupMetadata backup)
    {
        if (backup.EndsInItself)
        {
            yield break;
        }

        var (start, stop) = (backup.StartWal.Number(_size), backup.StopWal.Number(_size));
        if (!_runs.Values.Any(runs => runs[^1].Last >= start))
        {
            yield return backup.StartWal;
        }

        foreach (var history in _histories.Values.Where(history => history.Timeline >= backup.Timeline && history.Contains(backup.Timeline, backup.StopLsn)))
        {
            // The backup brings its own WAL. A standby's ends in the middle of a segment, of which the archive must have the whole.
            var first = backup.EndsInPart || Needed(history, stop).Timeline != backup.Timeline ? stop : stop + 1;
            var behind = LastReached(history, first) is { } reached ? reached.Number(_size) + 1 : first;
            if (HasFrom(history, behind))
            {
                yield return Needed(history, behind);
            }
        }
    }

    /// <summary>The segment that has all of a history's WAL of that number: where a timeline begins inside, its first segment has the old one's part too.</summary>
    public WalSegmentName Needed(TimelineHistory history, ulong number) =>
        WalSegmentName.FromNumber(history.TimelineAt(new Lsn(unchecked(((number + 1) * _size.Bytes) - 1))), number, _size);

    /// <summary>Whether something of a history is stored from a number on.</summary>
    public bool HasFrom(TimelineHistory history, ulong number) => history.Switches.Select(past => past.Timeline).Append(history.Timeline).Any(timeline =>
        RunsOf(timeline) is [.., var last] && last.Last >= number && (history.EndOf(timeline) is not { } end || number < (end.Value + _size.Bytes - 1) / _size.Bytes));

    private bool HasBefore(TimelineHistory history, ulong number) =>
        history.Switches.Select(past => past.Timeline).Append(history.Timeline).Any(timeline => RunsOf(timeline) is [var first, ..] && first.First < number);

    private WalGap GapOf(TimelineId timeline, WalRun run) =>
        new(WalSegmentName.FromNumber(timeline, run.First, _size), WalSegmentName.FromNumber(timeline, run.Last, _size), run.Last - run.First + 1);

    private static List<WalRun> Merge(List<WalRun> runs)
    {
        var merged = new List<WalRun>();
        foreach (var run in runs.OrderBy(run => run.First))
        {
            if (merged is [.., var last] && run.First <= last.Last + 1)
            {
                merged[^1] = new WalRun(last.First, Math.Max(last.Last, run.Last));
            }
            else
            {
                merged.Add(run);
            }
        }

        return merged;
    }

    private static List<WalRun> RunsOf(IEnumerable<ulong> numbers)
    {
        var runs = new List<WalRun>();
        foreach (var number in numbers)
        {
            if (runs is [.., var last] && number == last.Last + 1)
            {
                runs[^1] = new WalRun(last.First, number);
            }
            else
            {
                runs.Add(new WalRun(number, number));
            }
        }

        return runs;
    }
}

/// <summary>Consecutive segments by their numbers (<see cref="WalSegmentName.Number"/>), both ends inside.</summary>
internal readonly record struct WalRun(ulong First, ulong Last);

/// <summary>Consecutive segments of one timeline that are not stored.</summary>
internal sealed record WalGap(WalSegmentName First, WalSegmentName Last, ulong Count)
{
    public bool Contains(WalSegmentName segment) => segment.Timeline == First.Timeline && segment.CompareTo(First) >= 0 && segment.CompareTo(Last) <= 0;

    /// <summary>Whether no restore of any backup can come across it: it lies before all of them.</summary>
    /// <param name="oldest">Number of the first segment that a backup needs; null where there is no backup.</param>
    public bool LiesBefore(ulong? oldest, WalSegmentSize size) => oldest is { } first && Last.Number(size) < first;

    public override string ToString() => Count == 1 ? $"{First}" : $"{First} to {Last} ({Count} segments)";
}
