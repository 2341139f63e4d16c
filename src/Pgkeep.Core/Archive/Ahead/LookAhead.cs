using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Index;
using Pgkeep.Repository;
using Pgkeep.Storage;

namespace Pgkeep.Archive.Ahead;

/// <summary>
/// Stores the segments that wait behind one, several at a time. The server offers them one by one all the same, and each of those calls only confirms.
/// So that this is never a risk:
/// <list type="bullet">
/// <item>it begins when the segment before them is stored and durable;</item>
/// <item><c>archive_status</c> is only read, and a segment taken only where the server has marked it <c>.ready</c>;</item>
/// <item>final names appear in the order of the WAL, without a hole, so that the archive ends where it would end without this;</item>
/// <item>what fails here fails silently: the segment's own call reports it.</item>
/// </list>
/// </summary>
internal sealed class LookAhead
{
    private readonly WalArchive _archive;
    private readonly RepositoryIdentity _identity;
    private readonly int _level;
    private readonly int _jobs;
    private readonly TimeProvider _time;

    /// <param name="jobs">Segments that are compressed at a time.</param>
    public LookAhead(WalArchive archive, RepositoryIdentity identity, int level, int jobs, TimeProvider time)
    {
        _archive = archive;
        _identity = identity;
        _level = level;
        _jobs = jobs;
        _time = time;
    }

    public Action<WalFileName, TimeSpan>? Stored { get; init; }

    /// <summary>Null where no indexes are made: then no segment is compared with the one before it either.</summary>
    public WalIndexStore? Indexes { get; init; }

    /// <summary>Called where a segment is stored and gets no index, with a lower-case fact about it.</summary>
    public Action<WalFileName, string>? StoredWithoutIndex { get; init; }

    /// <summary>How many segments wait to be stored directly behind one, up to a limit.</summary>
    /// <param name="directory">In which they lie, relative to the working directory.</param>
    public async ValueTask<int> CountAsync(string directory, WalSegmentName segment, int limit, CancellationToken cancellationToken)
    {
        var count = 0;
        for (var next = segment.Next(_identity.WalSegmentSize); count < limit && await IsWaitingAsync(directory, next, cancellationToken); count++)
        {
            next = next.Next(_identity.WalSegmentSize);
        }

        return count;
    }

    /// <param name="directory">In which they lie, relative to the working directory.</param>
    /// <param name="segment">The one before them, which is stored.</param>
    /// <param name="longest">No further ones are begun after that time.</param>
    public async Task RunAsync(string directory, WalSegmentName segment, TimeSpan longest, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        var encoding = new Queue<Task<Encoded>>();
        var hasStored = false;
        var before = Indexes is null ? null : await new SegmentContinuity(_archive, Indexes).FindBeforeAsync(segment.Next(_identity.WalSegmentSize), _identity.WalSegmentSize, cancellationToken);
        try
        {
            for (var next = segment.Next(_identity.WalSegmentSize); ;)
            {
                for (; encoding.Count < _jobs && _time.GetElapsedTime(began) < longest && await IsWaitingAsync(directory, next, cancellationToken); next = next.Next(_identity.WalSegmentSize))
                {
                    var taken = next;
                    encoding.Enqueue(Task.Factory.StartNew(() => Encode(directory, taken, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default));
                }

                if (!encoding.TryPeek(out var first))
                {
                    return;
                }

                var (file, pending, took, indexing) = await first;
                if (!Continues(before, indexing))
                {
                    // Its own call says so.
                    return;
                }

                if (!IsReady(directory, file.Segment!.Value) || !pending.TryPublish())
                {
                    // Another call was faster: the one of an archiver that was killed, or of the one that follows it. Or the server has given the segment up.
                    return;
                }

                hasStored = true;
                (await encoding.Dequeue()).Pending.Dispose();
                Stored?.Invoke(file, took);
                before = indexing?.Index;
                if (indexing is not null)
                {
                    await Indexes!.WriteAsync(indexing, problem => StoredWithoutIndex?.Invoke(file, problem));
                }
            }
        }
        catch (Exception thrown) when (thrown is PgkeepException or OperationCanceledException)
        {
            // The segment before them is stored, and that is what was answered for.
        }
        finally
        {
            await DisposeAsync(encoding);
            if (hasStored)
            {
                await _archive.SyncNamesAsync(CancellationToken.None);
            }
        }
    }

    private static bool Continues(WalSegmentIndex? before, SegmentIndexing? indexing) =>
        before is null || indexing?.Index is not { } next || WalContinuity.FindBreak(before.Ends, next.Ends) is null;

    private static bool IsReady(string directory, WalSegmentName segment) => FileStatus.Of(Path.Combine(AheadStart.PlaceIn(directory), $"{segment}.ready")) is not null;

    private async ValueTask<bool> IsWaitingAsync(string directory, WalSegmentName segment, CancellationToken cancellationToken) =>
        IsReady(directory, segment)
        && await _archive.FindAsync(segment.ToString(), cancellationToken) is null;

    private Encoded Encode(string directory, WalSegmentName segment, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        var path = Path.Combine(directory, segment.ToString());
        using var content = WalContent.Open(path);
        if (OfferedSegment.Examine(segment, path, content).RequireFinished().Identity is var found && (found.SystemIdentifier != _identity.SystemIdentifier || found.WalSegmentSize != _identity.WalSegmentSize))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"\"{path}\" is of another cluster than the segment before it");
        }

        _ = WalFileName.TryParse(segment.ToString(), out var file);
        content.Indexing = Indexes is null ? null : new SegmentIndexing(segment);
        var pending = _archive.Encode(file!, content, _identity.SystemIdentifier, _level, WalPush.WrittenAt(path), threads: 1, cancellationToken);
        return new Encoded(file!, pending, _time.GetElapsedTime(began), content.Indexing);
    }

    /// <summary>What was not published leaves nothing.</summary>
    private static async Task DisposeAsync(IEnumerable<Task<Encoded>> encoding)
    {
        foreach (var task in encoding)
        {
            try
            {
                (await task).Pending.Dispose();
            }
            catch (Exception thrown) when (thrown is PgkeepException or OperationCanceledException)
            {
                // Told by the first of them.
            }
        }
    }

    private sealed record Encoded(WalFileName File, IPendingObject Pending, TimeSpan Took, SegmentIndexing? Indexing);
}
