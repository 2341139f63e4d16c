using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Streams;

namespace Pgkeep.Repository.Prefetch;

/// <summary>
/// Where the segments lie that a recovery will ask for next: a directory of one cluster and of its account, outside the data directory, which
/// backups copy. Nothing in it is believed: whoever takes a segment compares it with what the archive says of it, so a crash may leave anything
/// here. Everything in it may be lost at any time, and the directory with it.
/// </summary>
/// <remarks>
/// A segment is written as <c>.NAME.tmp</c> and then has its name and <see cref="Suffix"/>. Only files of these two forms are ever removed. One process
/// fills the directory at a time: it holds a lock on the directory itself.
/// </remarks>
internal sealed class PrefetchDirectory
{
    /// <summary>Not a name that anybody would give to WAL of his own.</summary>
    private const string Suffix = ".prefetched";

    private const string TemporarySuffix = ".tmp";
    private const string Ending = ".pgkeep-prefetch";
    private const int OwnerOnly = 0b111_000_000;
    private const int OthersMask = 0b000_111_111;

    /// <summary>A server in recovery has one of them in its data directory (PostgreSQL src/include/access/xlog.h).</summary>
    private static readonly string[] RecoverySignals = ["recovery.signal", "standby.signal"];

    public PrefetchDirectory(string path) => Path = path;

    /// <summary>Absolute.</summary>
    public string Path { get; }

    /// <summary>A cheap answer, from one look.</summary>
    public bool Exists => FileStatus.Of(Path) is { Type: FileType.Directory };

    /// <param name="dataDirectory">Absolute; links in it are followed.</param>
    /// <param name="place">A directory to have it in; null for beside the data directory.</param>
    /// <exception cref="PgkeepException">The place lies inside the data directory.</exception>
    public static PrefetchDirectory Of(string dataDirectory, string? place)
    {
        var cluster = FileSystem.Resolve(dataDirectory);
        if (place is null)
        {
            return new PrefetchDirectory(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(cluster) ?? "/", $".{System.IO.Path.GetFileName(cluster)}{Ending}"));
        }

        var resolved = FileSystem.Resolve(place);
        if (resolved == cluster || resolved.StartsWith(cluster.TrimEnd('/') + "/", StringComparison.Ordinal))
        {
            throw new PgkeepException(
                ErrorKind.Configuration,
                $"the place \"{place}\" for segments fetched ahead lies inside the data directory \"{dataDirectory}\": backups would copy it",
                "set PGKEEP_PREFETCH_DIR to a place outside of it, best on the same file system");
        }

        // Several clusters may share a place, and what else lies there is none of ours.
        var id = Sha256Digest.Of(Encoding.UTF8.GetBytes(cluster)).ToString()[..8];
        return new PrefetchDirectory(System.IO.Path.Combine(resolved, $".{System.IO.Path.GetFileName(cluster)}-{id}{Ending}"));
    }

    /// <summary>Whether the server of a data directory is in recovery, or will be when it starts.</summary>
    public static bool IsInRecovery(string dataDirectory) =>
        RecoverySignals.Any(name => FileStatus.OfTarget(System.IO.Path.Combine(dataDirectory, name)) is not null);

    /// <summary>
    /// Removes what a recovery that is over has left. Costs one look where nothing is left, and does nothing while the server is in recovery. A failure
    /// is no failure of anything else, and is not told.
    /// </summary>
    /// <param name="dataDirectory">Absolute.</param>
    /// <param name="place">As in <see cref="Of"/>.</param>
    public static void RemoveFor(string dataDirectory, string? place = null)
    {
        try
        {
            var directory = Of(dataDirectory, place);
            if (directory.Exists && !IsInRecovery(dataDirectory))
            {
                directory.Remove();
            }
        }
        catch (PgkeepException)
        {
            // It is rubbish of some megabytes, and the next to call this tries again.
        }
    }

    public string PathOf(WalSegmentName segment) => System.IO.Path.Combine(Path, segment + Suffix);

    public string TemporaryPathOf(WalSegmentName segment) => System.IO.Path.Combine(Path, $".{segment}{TemporarySuffix}");

    public bool Has(WalSegmentName segment) => FileStatus.Of(PathOf(segment)) is { Type: FileType.Regular };

    /// <summary>How much of a segment that is being fetched has come; null where it is not.</summary>
    public long? PendingLength(WalSegmentName segment) => FileStatus.Of(TemporaryPathOf(segment))?.Size;

    /// <summary>False where it cannot be had, or belongs to somebody else: then nothing is fetched ahead.</summary>
    public bool TryCreate()
    {
        try
        {
            if (FileStatus.Of(Path) is null)
            {
                FileSystem.CreateDirectory(Path, OwnerOnly);
            }

            return FileStatus.Of(Path) is { Type: FileType.Directory } status && status.UserId == Account.CurrentUserId && (status.Mode & OthersMask) == 0;
        }
        catch (PgkeepException)
        {
            return false;
        }
    }

    /// <summary>Null where a process is filling it, or it is not there.</summary>
    public FileLock? TryLock() => FileLock.TryTakeDirectory(Path);

    public bool IsBeingFilled()
    {
        using var taken = Exists ? TryLock() : null;
        return taken is null && Exists;
    }

    /// <summary>Leaves only the segments from one to another, and nothing half written. For whoever holds the lock.</summary>
    public void Keep(WalSegmentName first, WalSegmentName last)
    {
        foreach (var name in Names())
        {
            if (SegmentOf(name) is not { } segment || segment.Timeline != first.Timeline || segment.CompareTo(first) < 0 || segment.CompareTo(last) > 0)
            {
                FileSystem.Delete(System.IO.Path.Combine(Path, name));
            }
        }
    }

    /// <summary>
    /// Removes everything where nothing can be wanted any more: no segment of that position or a later one is there, on whatever timeline (recovery asks
    /// for a segment on the newest timeline first), and nobody is fetching one.
    /// </summary>
    public void RemoveUnlessWanted(WalSegmentName next)
    {
        if (!Exists)
        {
            return;
        }

        using var taken = TryLock();
        if (taken is not null && !Names().Any(name => SegmentOf(name) is { } segment && (segment.Log, segment.Segment).CompareTo((next.Log, next.Segment)) >= 0))
        {
            Empty(Path);
        }
    }

    /// <summary>Removes it whatever is in it, also while it is being filled: under another name at first, so that the process that fills it finds no directory.</summary>
    public void Remove()
    {
        var gone = Path + "-removed";
        Empty(gone);
        if (FileStatus.Of(Path) is { Type: FileType.Directory } && FileSystem.TryRename(Path, gone))
        {
            Empty(gone);
        }
    }

    private static void Empty(string path)
    {
        if (FileStatus.Of(path) is { Type: FileType.Directory })
        {
            foreach (var name in Names(path))
            {
                FileSystem.Delete(System.IO.Path.Combine(path, name));
            }

            FileSystem.TryRemoveDirectory(path);
        }
    }

    private static WalSegmentName? SegmentOf(string name) =>
        name.EndsWith(Suffix, StringComparison.Ordinal) && WalSegmentName.TryParse(name.AsSpan(0, name.Length - Suffix.Length), out var segment) ? segment : null;

    private static bool IsTemporary(string name) =>
        name.StartsWith('.') && name.EndsWith(TemporarySuffix, StringComparison.Ordinal) && WalSegmentName.TryParse(name.AsSpan(1, name.Length - 1 - TemporarySuffix.Length), out _);

    private List<string> Names() => Names(Path);

    /// <summary>Of the files that are ours; none where the directory is not there.</summary>
    private static List<string> Names(string path)
    {
        try
        {
            return
            [
                .. Directory.EnumerateFiles(path)
                    .Select(file => System.IO.Path.GetFileName(file)!)
                    .Where(name => SegmentOf(name) is not null || IsTemporary(name)),
            ];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", path);
        }
    }
}
