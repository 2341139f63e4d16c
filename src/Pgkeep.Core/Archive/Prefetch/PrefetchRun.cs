using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Repository.Prefetch;

namespace Pgkeep.Archive.Prefetch;

/// <summary>
/// Fetches the segments that follow one, several at a time, into the directory where get-wal looks; ends when they are there, or with the first that is
/// not stored. It may be killed at any moment. What it cannot do get-wal does itself, and says why where that fails too.
/// </summary>
internal sealed class PrefetchRun
{
    /// <summary>Room that is left on the volume, in segments: the server's pg_wal may lie on it, and a server without room stops.</summary>
    private const int Reserve = 32;

    private readonly ArchiveStores _stores;
    private readonly PrefetchDirectory _directory;
    private readonly int _jobs;

    /// <summary>The timeline that the recovery is pinned to; null where nobody said.</summary>
    public TimelineId? Pinned { get; init; }

    public PrefetchRun(ArchiveStores stores, PrefetchDirectory directory, int jobs)
    {
        _stores = stores;
        _directory = directory;
        _jobs = jobs;
    }

    /// <param name="taken">The last that the server has.</param>
    /// <param name="count">How many to have ready behind it.</param>
    public async Task RunAsync(WalSegmentName taken, int count, CancellationToken cancellationToken)
    {
        using (var filling = _directory.TryLock())
        {
            if (filling is null)
            {
                return;
            }

            var size = (await RepositoryMarker.RequireAsync(_stores.Marked[0], cancellationToken)).WalSegmentSize;
            var first = taken.Next(size);
            var all = Enumerable.Range(0, count).Select(i => WalSegmentName.FromNumber(taken.Timeline, first.Number(size) + (ulong)i, size)).ToList();
            _directory.Keep(all[0], all[^1]);
            var left = await LeaveAsync(taken, cancellationToken);
            await FetchAsync([.. all.Where(segment => !_directory.Has(segment) && left?.IsBefore(segment, size) is not true)], size, cancellationToken);
        }

        _directory.RemoveUnlessWanted(taken);
    }

    /// <summary>Null also where the history is in the server's pg_wal alone: get-wal, which looks there, hands out nothing that lies behind.</summary>
    private async ValueTask<LeftTimeline?> LeaveAsync(WalSegmentName taken, CancellationToken cancellationToken) =>
        Pinned is { } pinned && taken.Timeline < pinned && await _stores.Archive.FindAsync(pinned.ToHex() + ".history", cancellationToken) is not null
            ? LeftTimeline.Of(taken, await _stores.Archive.ReadHistoryAsync(pinned, cancellationToken))
            : null;

    private async Task FetchAsync(IReadOnlyList<WalSegmentName> segments, WalSegmentSize size, CancellationToken cancellationToken)
    {
        var next = -1;
        var isOver = false;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(_jobs, segments.Count)).Select(_ => Task.Run(WorkAsync, cancellationToken)));

        async Task WorkAsync()
        {
            // Whatever ends one worker ends all: what follows a segment that cannot be had is not wanted.
            while (!Volatile.Read(ref isOver) && Interlocked.Increment(ref next) is var index && index < segments.Count)
            {
                try
                {
                    if (!HasRoom(size) || !await TryFetchAsync(segments[index], cancellationToken))
                    {
                        Volatile.Write(ref isOver, true);
                    }
                }
                catch
                {
                    Volatile.Write(ref isOver, true);
                    throw;
                }
            }
        }
    }

    private bool HasRoom(WalSegmentSize size) => VolumeSpace.Of(_directory.Path).Available > (long)size.Bytes * (Reserve + _jobs);

    /// <summary>False where it is not stored, or says nothing of itself with which it could be compared when it is taken.</summary>
    private async Task<bool> TryFetchAsync(WalSegmentName segment, CancellationToken cancellationToken)
    {
        if (!WalFileName.TryParse(segment.ToString(), out var file)
            || await _stores.Archive.FindAsync(file.Name, cancellationToken) is not { } stored
            || await _stores.Archive.ReadIdentityAsync(file, cancellationToken) is not { } identity)
        {
            return false;
        }

        var temporary = _directory.TemporaryPathOf(segment);
        try
        {
            await WriteAsync(stored, file, identity, temporary, cancellationToken);
            FileSystem.Rename(temporary, _directory.PathOf(segment));
            return true;
        }
        catch
        {
            // Whoever waits for it need not wait.
            FileSystem.Delete(temporary);
            throw;
        }
    }

    private async Task WriteAsync(string stored, WalFileName file, WalIdentity identity, string temporary, CancellationToken cancellationToken)
    {
        try
        {
            // As the server's own umask wants it: the file goes to pg_wal.
            await using var plain = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
            await _stores.Archive.CopyAsync(stored, file, plain, cancellationToken);
            CheckedMark.Put(plain.SafeFileHandle, temporary, identity);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", temporary);
        }
    }
}
