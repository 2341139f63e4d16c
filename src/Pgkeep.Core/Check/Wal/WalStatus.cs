using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Check.Wal;

/// <summary>What an archive holds, which moments it leads to, and how far it is behind its server.</summary>
/// <param name="Archive">Its path.</param>
/// <param name="StoredBytes">Of all its WAL files.</param>
/// <param name="ForeignFiles">Files in it that are no WAL.</param>
internal sealed record WalStatus(string Archive, RepositoryIdentity Identity, int Files, long StoredBytes, int ForeignFiles)
{
    public required IReadOnlyList<TimelineStatus> Timelines { get; init; }

    /// <summary>Of every usable backup, oldest first.</summary>
    public required IReadOnlyList<RecoveryWindow> Windows { get; init; }

    /// <summary>Histories that are missing, damaged, or contradict each other.</summary>
    public required IReadOnlyList<WalProblem> HistoryProblems { get; init; }

    /// <summary>Null where the server did not answer; <see cref="ServerProblem"/> says why.</summary>
    public ServerStatus? Server { get; init; }

    public string? ServerProblem { get; init; }

    /// <summary>Of all that have a directory in the archive.</summary>
    public IReadOnlyList<ReceiverStatus> Receivers { get; init; } = [];

    /// <summary>Gaps that a restore would come across.</summary>
    public IEnumerable<GapStatus> Holes => Timelines.SelectMany(timeline => timeline.Gaps).Where(gap => gap.Matters);

    /// <summary>By <see cref="WalCoverage.LostOf"/>, of every usable backup.</summary>
    public IReadOnlyList<WalSegmentName> Lost { get; init; } = [];

    /// <summary>What needs a person, but is not a failure of archiving itself.</summary>
    public IEnumerable<string> Findings =>
    [
        .. Holes.Select(hole => $"{hole.Gap} of timeline {hole.Gap.First.Timeline} missing: no restore leads across"),
        .. Lost.Where(segment => !Holes.Any(hole => hole.Gap.Contains(segment))).Distinct().Select(segment => $"{segment} missing: a backup before it leads no further"),
        .. HistoryProblems.Select(problem => problem.Text),
        .. Windows.Select(window => window.Problem).OfType<string>().Distinct(),
        .. Server is { Mismatch: null } ? Receivers.Select(receiver => receiver.Problem).OfType<string>() : Array.Empty<string>(),
        .. Server?.Report is { IsFailing: true } failing ? [failing.DescribeFailure()] : Array.Empty<string>(),
    ];
}

/// <param name="Segments">How many are stored.</param>
/// <param name="StoredBytes">Of all files that carry the timeline's number.</param>
/// <param name="Begin">Of the first segment.</param>
/// <param name="End">Behind the last one.</param>
internal sealed record TimelineStatus(
    TimelineId Timeline, int Segments, long StoredBytes, WalSegmentName First, WalSegmentName Last, Lsn Begin, Lsn End, IReadOnlyList<GapStatus> Gaps);

/// <param name="Matters">False where the gap lies before the WAL of every backup.</param>
internal sealed record GapStatus(WalGap Gap, bool Matters);

/// <param name="LagBytes">From the end of what is stored or received of its timeline to the server's position; null where that is not known.</param>
/// <param name="Lag">Since when WAL waits that a disaster would take.</param>
/// <param name="Mismatch">Why it is not the server of this repository; null where it is.</param>
/// <param name="Loss">That what it calls archived is not there; null where it is.</param>
internal sealed record ServerStatus(ArchiverReport Report, long? LagBytes, TimeSpan Lag, string? Mismatch, string? Loss);
