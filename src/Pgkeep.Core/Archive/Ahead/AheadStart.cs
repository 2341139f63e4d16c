using System.ComponentModel;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Archive.Ahead;

/// <summary>
/// Has what waits behind a segment stored by a process of its own, beside the server's calls, which then confirm what it has stored. It holds a lock on
/// <c>archive_status</c>, which changes nothing there, from before its start to its end: so there is one at a time, and a call knows whether the segment
/// that it is for is about to be stored.
/// </summary>
internal static class AheadStart
{
    /// <summary>Fewer are stored by their own calls before a process has begun.</summary>
    public const int FewestSegments = 2;

    /// <summary>The server's archiver must not be held up by a process that does not get on.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    /// <summary>Where the server marks what is to be archived.</summary>
    /// <param name="directory">In which the segments lie.</param>
    public static string PlaceIn(string directory) => Path.Combine(directory, "archive_status");

    /// <summary>Waits until a segment is stored, as long as a process is at work that will.</summary>
    /// <returns>False where it did not within the time that a call may take.</returns>
    public static async ValueTask<bool> TryWaitAsync(string directory, WalFileName segment, WalArchive archive, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var began = time.GetTimestamp(); time.GetElapsedTime(began) < LongestWait; await Task.Delay(Pause, time, cancellationToken))
        {
            if (!IsGoingOn(directory) || await archive.FindAsync(segment.Name, cancellationToken) is not null)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True where a process is at work now; false where there can be none.</summary>
    /// <param name="words">For the program; the directory and the segment follow.</param>
    public static bool TryRun(string program, IReadOnlyList<string> words, string directory, WalSegmentName segment)
    {
        try
        {
            using var taken = FileLock.TryTakeDirectory(PlaceIn(directory));
            if (taken is not null)
            {
                DetachedProgram.Start(program, [.. words, directory, segment.ToString()], taken);
            }

            return true;
        }
        catch (Exception thrown) when (thrown is PgkeepException or Win32Exception)
        {
            return false;
        }
    }

    private static bool IsGoingOn(string directory)
    {
        var place = PlaceIn(directory);
        try
        {
            using var taken = FileLock.TryTakeDirectory(place);
            return taken is null && FileStatus.Of(place) is not null;
        }
        catch (PgkeepException)
        {
            // No locks here: then nobody was started either.
            return false;
        }
    }
}
