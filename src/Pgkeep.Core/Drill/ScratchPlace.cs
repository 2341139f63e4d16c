using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Repository.Prefetch;
using Pgkeep.Restore.Copies;

namespace Pgkeep.Drill;

/// <summary>The directory of one drill below the scratch directory, which may be everybody's, and what killed drills have left there.</summary>
internal sealed class ScratchPlace
{
    private const string Prefix = "pgkeep-drill-";
    private const string DataName = "data";
    private const int OwnerOnly = 0b111_000_000;

    private ScratchPlace(string directory) => Directory = directory;

    public string Directory { get; }

    public string DataDirectory => Path.Combine(Directory, DataName);

    /// <summary>Never a directory that somebody has made before, in case others may write into the scratch directory.</summary>
    public static ScratchPlace Create(string scratch, DateTimeOffset now)
    {
        if (FileStatus.OfTarget(scratch) is not { Type: FileType.Directory })
        {
            throw new PgkeepException(ErrorKind.Configuration, $"the scratch directory \"{scratch}\" is not there", "make it, or name another with --scratch");
        }

        var stamp = now.ToUniversalTime().ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);
        for (var number = 1; ; number++)
        {
            var directory = Path.Combine(FileSystem.Resolve(scratch), $"{Prefix}{stamp}-{number}");
            if (FileSystem.TryCreateDirectory(directory, OwnerOnly))
            {
                return new ScratchPlace(directory);
            }
        }
    }

    /// <summary>Removes what drills of this account left that were killed: only what carries a copy's marker, and empty directories of ours.</summary>
    public static async Task<IReadOnlyList<string>> RemoveLeftoversAsync(string scratch, TimeProvider time)
    {
        var removed = new List<string>();
        foreach (var left in Find(FileSystem.Resolve(scratch)))
        {
            if (await TryRemoveAsync(new ScratchPlace(left), time))
            {
                removed.Add(left);
            }
        }

        return removed;
    }

    /// <summary>The empty rest; what is in it otherwise is not the drill's.</summary>
    public void Remove() => FileSystem.TryRemoveDirectory(Directory);

    private static IReadOnlyList<string> Find(string scratch)
    {
        try
        {
            return System.IO.Directory.Exists(scratch)
                ? [.. System.IO.Directory.EnumerateDirectories(scratch, Prefix + "*").Where(path => FileStatus.Of(path) is { Type: FileType.Directory } status && status.UserId == Account.CurrentUserId)]
                : [];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", scratch);
        }
    }

    private static async Task<bool> TryRemoveAsync(ScratchPlace place, TimeProvider time)
    {
        try
        {
            using var left = CopyPlaces.TakeOver(place.DataDirectory);
            if (left is not null)
            {
                await left.StopServerAsync(time);
                left.Remove();
            }

            PrefetchDirectory.RemoveFor(place.DataDirectory);
            place.Remove();
            return left is not null;
        }
        catch (PgkeepException busy) when (busy.Kind == ErrorKind.RepositoryLocked)
        {
            // Another drill at work.
            return false;
        }
    }
}
