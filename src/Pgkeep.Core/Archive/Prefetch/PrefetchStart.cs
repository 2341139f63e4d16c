using System.ComponentModel;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Repository.Prefetch;

namespace Pgkeep.Archive.Prefetch;

/// <summary>Has the segments that follow fetched by a process of its own. Whatever goes wrong with that is no failure: they can be fetched when they are asked for.</summary>
internal sealed class PrefetchStart
{
    private readonly PrefetchSettings _settings;
    private readonly WalArchive _archive;

    public PrefetchStart(PrefetchSettings settings, WalArchive archive)
    {
        _settings = settings;
        _archive = archive;
    }

    private PrefetchDirectory Directory => _settings.Directory;

    /// <param name="taken">The segment that the server has just got.</param>
    public async Task RunAsync(WalSegmentName taken, WalSegmentSize size, CancellationToken cancellationToken)
    {
        try
        {
            var (next, ready) = (taken.Next(size), 0);
            for (; ready < _settings.Segments && Directory.Has(next); ready++)
            {
                next = next.Next(size);
            }

            // The process is started anew for several segments, not for each.
            if (ready > _settings.Segments / 2 || Directory.IsBeingFilled())
            {
                return;
            }

            if (await _archive.FindAsync(next.ToString(), cancellationToken) is null)
            {
                Directory.RemoveUnlessWanted(taken.Next(size));
            }
            else if (Directory.TryCreate())
            {
                DetachedProgram.Start(_settings.Program, [.. _settings.Words, taken.ToString(), Directory.Path]);
            }
        }
        catch (Exception thrown) when (thrown is PgkeepException or Win32Exception)
        {
            // The server has what it asked for.
        }
    }
}
