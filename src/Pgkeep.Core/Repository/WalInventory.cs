using System.Diagnostics.CodeAnalysis;
using Pgkeep.Postgres;
using Pgkeep.Storage;

namespace Pgkeep.Repository;

/// <summary>What an archive holds, from its listing alone.</summary>
internal sealed class WalInventory
{
    private readonly Dictionary<string, StoredWalFile> _byName = [];
    private readonly List<StoredWalFile> _copies = [];
    private readonly SortedDictionary<TimelineId, List<WalSegmentName>> _segments = [];

    private WalInventory()
    {
    }

    /// <summary>One of each name: the one that <see cref="WalArchive.FindAsync"/> finds.</summary>
    public IEnumerable<StoredWalFile> Files => _byName.Values;

    /// <summary>What is stored under another suffix too.</summary>
    public IReadOnlyList<StoredWalFile> Copies => _copies;

    public IEnumerable<TimelineId> Timelines => _segments.Keys;

    /// <summary>Files whose names no server gives to WAL; the archive's own log is none of them.</summary>
    public int ForeignFiles { get; private set; }

    public static WalInventory Of(IEnumerable<StoredObject> listing)
    {
        var inventory = new WalInventory();
        if (listing.TryGetNonEnumeratedCount(out var count))
        {
            inventory._byName.EnsureCapacity(count);
        }

        foreach (var stored in listing)
        {
            if (!TryParse(stored.Name, out var file))
            {
                inventory.ForeignFiles += stored.Name is RepositoryLayout.ArchiveLogName or RepositoryLayout.MarkerName ? 0 : 1;
            }
            else
            {
                inventory.Add(new StoredWalFile(file, stored));
            }
        }

        // The listing is in order of names, which is the order of segments within a timeline.
        return inventory;
    }

    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>By its plain name; null where it is not stored.</summary>
    public StoredWalFile? Find(string name) => _byName.GetValueOrDefault(name);

    public bool Contains(WalSegmentName segment) => Contains(segment.ToString());

    /// <summary>In WAL order.</summary>
    public IReadOnlyList<WalSegmentName> SegmentsOf(TimelineId timeline) => _segments.GetValueOrDefault(timeline) ?? [];

    public bool HasHistory(TimelineId timeline) => Contains(timeline.ToHex() + ".history");

    /// <summary>Something of a timeline or of a later one; where it is stored, a history that is not is a hole. Null where there is nothing.</summary>
    public StoredWalFile? FindFrom(TimelineId timeline) => _byName.Values.FirstOrDefault(stored => stored.File.Timeline >= timeline);

    /// <summary>Counts segments as stored that lie elsewhere.</summary>
    public WalInventory With(IReadOnlySet<WalSegmentName> others) => others.Count == 0
        ? this
        : Of(Files.Select(file => file.Stored)
            .Concat(others.Where(other => !Contains(other)).Select(other => new StoredObject(other.ToString(), 0, default)))
            .OrderBy(stored => stored.Name, StringComparer.Ordinal)
            .ToList());

    /// <param name="storedName">With its suffix.</param>
    public static bool TryParse(string storedName, [NotNullWhen(true)] out WalFileName? file) => WalFileName.TryParse(PlainName(storedName), out file);

    private static string PlainName(string name)
    {
        var suffix = SuffixOf(name);
        return name[..^suffix.Length];
    }

    private static string SuffixOf(string name) =>
        WalArchive.Suffixes.FirstOrDefault(suffix => suffix.Length > 0 && name.EndsWith(suffix, StringComparison.Ordinal)) ?? "";

    private static int RankOf(StoredWalFile file)
    {
        for (var rank = 0; ; rank++)
        {
            if (WalArchive.Suffixes[rank] == SuffixOf(file.Stored.Name))
            {
                return rank;
            }
        }
    }

    private void Add(StoredWalFile stored)
    {
        var name = stored.File.Name;
        if (_byName.TryGetValue(name, out var other))
        {
            var isBetter = RankOf(stored) < RankOf(other);
            _byName[name] = isBetter ? stored : other;
            _copies.Add(isBetter ? other : stored);
            return;
        }

        _byName.Add(name, stored);
        if (stored.File is { Kind: WalFileKind.Segment, Segment: { } segment })
        {
            SegmentsFor(stored.File.Timeline).Add(segment);
        }
    }

    private List<WalSegmentName> SegmentsFor(TimelineId timeline)
    {
        if (!_segments.TryGetValue(timeline, out var list))
        {
            _segments.Add(timeline, list = []);
        }

        return list;
    }
}

internal sealed record StoredWalFile(WalFileName File, StoredObject Stored);
