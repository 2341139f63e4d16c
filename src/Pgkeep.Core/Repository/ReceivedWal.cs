using Pgkeep.Posix;
using Pgkeep.Postgres;

namespace Pgkeep.Repository;

/// <summary>
/// The segments that receivers are still writing, in <c>.receiving/SLOT/</c> of the archive. They are no part of it, yet a restore goes on into them: what
/// a server that waits for its receiver has committed last is there alone.
/// </summary>
internal sealed class ReceivedWal
{
    private readonly string _directory;
    private readonly RepositoryIdentity _identity;

    public ReceivedWal(WalArchive archive, RepositoryIdentity identity)
    {
        _directory = archive.Describe(RepositoryLayout.ReceivingFolderName);
        _identity = identity;
    }

    /// <summary>What each receiver has now. Asked for before the archive is listed: what is stored meanwhile, and gone from here, is in that listing then.</summary>
    public IReadOnlyList<IReadOnlyList<ReceivedSegment>> ReadAll() => [.. Directories().Select(directory => List(directory, _identity))];

    /// <summary>The segments that recovery can go on into and the archive does not have, and how far each goes.</summary>
    /// <param name="received">Of each receiver.</param>
    /// <param name="archive">Listed behind that.</param>
    public static IReadOnlyDictionary<WalSegmentName, Lsn> Beyond(WalInventory archive, IReadOnlyList<IReadOnlyList<ReceivedSegment>> received, WalSegmentSize size) => received
        .SelectMany(segments => segments.Where(segment => segment.Extent is not null && !archive.Contains(segment.Name)
            && (!IsLaterStored(segment.Name, archive) || IsWhole(segment.Name, segments.Select(other => other.Name), size))))
        .GroupBy(segment => segment.Name)
        .ToDictionary(copies => copies.Key, copies => copies.Max(copy => copy.Extent!.End));

    /// <summary>
    /// Writes what recovery gets for a segment that the archive does not have. False also where the server itself has as much of it or more, in the directory in which it
    /// wants the file: it takes its own when the archive says no, and would never look at it otherwise.
    /// </summary>
    /// <param name="path">Where to write it: as long as a segment, each page checked as it is copied. Not durable.</param>
    /// <param name="destination">restore_command's <c>%p</c>.</param>
    /// <param name="isForStandby">
    /// Then only a whole one: a standby streams the rest or asks again, and with archive_mode = always it would offer what it got as a finished segment.
    /// </param>
    /// <param name="until">Where the timeline was left that recovery comes along: from there on the answer is zero. Null where it goes on.</param>
    public async ValueTask<bool> TryCopyAsync(
        WalSegmentName wanted, string path, string destination, WalArchive archive, bool isForStandby, Lsn? until, CancellationToken cancellationToken)
    {
        if (!PathsOf(wanted, isForStandby).Any()
            || Find(wanted, isForStandby || IsLaterStored(wanted, await archive.ListAsync(cancellationToken))) is not { } received)
        {
            return false;
        }

        var start = wanted.StartLsn(_identity.WalSegmentSize);
        if (until <= start)
        {
            return false;
        }

        var end = until < received.End ? until.Value : received.End;
        var own = Measure(OwnPath(wanted, destination), wanted, _identity);
        return !(own is not null && own.End >= end && !(own.End > until))
            && new ReceivedCopy(wanted, _identity, received.Path).TryWrite(path, until, received.End, cancellationToken);
    }

    /// <summary>How far the segment goes that receivers have, or the server itself in the directory in which it wants it; null where neither has it.</summary>
    /// <param name="destination">restore_command's <c>%p</c>.</param>
    public Lsn? FurthestEnd(WalSegmentName segment, string destination) =>
        PathsOf(segment, mustBeWhole: false).Append(OwnPath(segment, destination)).Select(path => Measure(path, segment, _identity)?.End).Max();

    /// <summary>What any receiver has begun, by its names alone: the server was there.</summary>
    public IReadOnlySet<WalSegmentName> Segments => Directories().SelectMany(Names).ToHashSet();

    /// <summary>Where a segment's WAL leaves a history, for somebody who follows that; null where it does not within the segment.</summary>
    public static Lsn? LeftIn(WalSegmentName segment, TimelineHistory history, WalSegmentSize size) =>
        history.EndOf(segment.Timeline) is { } end && end < segment.StartLsn(size) + size.Bytes ? end : null;

    /// <summary>
    /// The same for somebody of whom nobody knows which history that is: the earliest there is. One that left before the segment is none that asks for it.
    /// </summary>
    public static Lsn? LeftIn(WalSegmentName segment, IEnumerable<TimelineHistory> histories, WalSegmentSize size) =>
        histories.Select(history => LeftIn(segment, history, size)).Where(end => end > segment.StartLsn(size)).Min();

    /// <summary>Whether any receiver has a file of that name.</summary>
    public bool Has(WalSegmentName segment) => Directories().Any(directory => FileStatus.OfTarget(Path.Combine(directory, segment.ToString())) is not null);

    private static string OwnPath(WalSegmentName segment, string destination) => Path.Combine(Path.GetDirectoryName(destination) ?? "", segment.ToString());

    /// <summary>Then one that was not finished is no link to it, but a hole.</summary>
    private static bool IsLaterStored(WalSegmentName wanted, WalInventory archive) => archive.SegmentsOf(wanted.Timeline).Any(stored => stored.CompareTo(wanted) > 0);

    /// <summary>A receiver leaves a segment for the next one when it is complete and durable; what lies further ahead says nothing, for an accepted gap may lie between.</summary>
    public static bool IsWhole(WalSegmentName wanted, IEnumerable<WalSegmentName> others, WalSegmentSize size) => others.Contains(wanted.Next(size));

    /// <summary>The copy with most of the segment's WAL, whole length, checked page by page; null where there is none.</summary>
    private (string Path, Lsn End)? Find(WalSegmentName wanted, bool mustBeWhole)
    {
        (string Path, Lsn End)? best = null;
        foreach (var path in PathsOf(wanted, mustBeWhole))
        {
            // A receiver may just have stored it in the archive and removed it here.
            if (Measure(path, wanted, _identity) is { } extent && (best is null || extent.End > best.Value.End))
            {
                best = (path, extent.End);
            }
        }

        return best;
    }

    private IEnumerable<string> PathsOf(WalSegmentName wanted, bool mustBeWhole)
    {
        foreach (var directory in Directories())
        {
            var names = Names(directory);
            if (names.Contains(wanted) && (!mustBeWhole || IsWhole(wanted, names, _identity.WalSegmentSize)))
            {
                yield return Path.Combine(directory, wanted.ToString());
            }
        }
    }

    /// <summary>The segments in one receiver's directory, in order of their names.</summary>
    public static IReadOnlyList<ReceivedSegment> List(string directory, RepositoryIdentity identity) =>
    [
        .. Names(directory).Order().Select(name => (Name: name, Path: Path.Combine(directory, name.ToString())))
            .Select(file => new ReceivedSegment(file.Name, file.Path, Measure(file.Path, file.Name, identity))),
    ];

    /// <summary>Null where it is not there any more, or is not that segment.</summary>
    private static WalSegmentExtent? Measure(string path, WalSegmentName name, RepositoryIdentity identity)
    {
        using var content = WalContent.TryOpen(path);
        return content is not null && WalSegmentExtent.TryMeasure(content.Length, content.Read, name, identity.WalSegmentSize, identity.SystemIdentifier, out var extent) ? extent : null;
    }

    /// <summary>The segments that have a file in one receiver's directory.</summary>
    public static HashSet<WalSegmentName> Names(string directory)
    {
        try
        {
            return [.. Directory.EnumerateFiles(directory).Select(path => WalSegmentName.TryParse(Path.GetFileName(path), out var name) ? name : (WalSegmentName?)null).OfType<WalSegmentName>()];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", directory);
        }
    }

    private IReadOnlyList<string> Directories()
    {
        if (FileStatus.OfTarget(_directory) is null)
        {
            return [];
        }

        try
        {
            return [.. Directory.EnumerateDirectories(_directory).Order(StringComparer.Ordinal)];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", _directory);
        }
    }
}
