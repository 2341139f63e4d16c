using System.ComponentModel;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;

namespace Pgkeep.Archive.Prefetch;

/// <summary>
/// Has the segments that follow fetched by a process of its own. Whatever goes wrong with that is no failure: they can be fetched when they are asked
/// for. The archive is not asked here whether there are any: the server waits.
/// </summary>
internal static class PrefetchStart
{
    /// <param name="taken">The segment that the server has just got.</param>
    public static void Run(PrefetchSettings settings, WalSegmentName taken, WalSegmentSize size)
    {
        var directory = settings.Directory;
        try
        {
            var (next, ready) = (taken.Next(size), 0);
            for (; ready < settings.Segments && directory.Has(next); ready++)
            {
                next = next.Next(size);
            }

            // Once for several segments, not for each.
            if (ready <= settings.Segments / 2 && !directory.IsBeingFilled() && directory.TryCreate())
            {
                DetachedProgram.Start(settings.Program, [.. settings.Words, taken.ToString(), directory.Path]);
            }
        }
        catch (Exception thrown) when (thrown is PgkeepException or Win32Exception)
        {
            // The server has what it asked for.
        }
    }
}
