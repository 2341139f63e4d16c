using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Storage;

namespace Pgkeep.Archive;

/// <summary>
/// Stores the segments that wait behind the one that the server offers, several at a time. The server offers them one by one all the same, and each of those
/// calls only confirms. So that this is never a risk:
/// <list type="bullet">
/// <item>it begins when the segment that was asked for is stored and durable;</item>
/// <item><c>archive_status</c> is only read, and a segment taken only where the server has marked it <c>.ready</c>;</item>
/// <item>final names appear in the order of the WAL, without a hole, so that the archive ends where it would end without this;</item>
/// <item>what fails here fails silently: the segment's own call reports it.</item>
/// </list>
/// </summary>
internal sealed class LookAhead
{
    /// <summary>No further segments are begun after it: the server's archiver must not be held up, not even while it is told to stop.</summary>
    private static readonly TimeSpan LongestTime = TimeSpan.FromSeconds(1);

    private readonly WalArchive _archive;
    private readonly RepositoryIdentity _identity;
    private readonly int _level;
    private readonly int _jobs;
    private readonly TimeProvider _time;

    public LookAhead(WalArchive archive, RepositoryIdentity identity, int level, int jobs, TimeProvider time)
    {
        _archive = archive;
        _identity = identity;
        _level = level;
        _jobs = jobs;
        _time = time;
    }

    public Action<WalFileName, TimeSpan>? Stored { get; init; }

    /// <param name="path">Of the segment that was asked for; the others lie beside it.</param>
    /// <param name="began">When the call did.</param>
    public async Task RunAsync(string path, WalSegmentName segment, long began, CancellationToken cancellationToken)
    {
        var directory = Path.GetDirectoryName(path)!;
        try
        {
            while (_time.GetElapsedTime(began) < LongestTime && await WaitingAsync(directory, segment, cancellationToken) is { Count: > 0 } waiting)
            {
                if (!await StoreAsync(directory, waiting, cancellationToken))
                {
                    return;
                }

                segment = waiting[^1];
            }
        }
        catch (Exception thrown) when (thrown is PgkeepException or OperationCanceledException)
        {
            // The asked segment is stored, and that is what this call answers for.
        }
    }

    private static bool IsReady(string directory, WalSegmentName segment) =>
        FileStatus.Of(Path.Combine(directory, "archive_status", $"{segment}.ready")) is not null;

    /// <summary>The next ones, as many as can be compressed at a time, without a hole; none where the first is stored already.</summary>
    private async ValueTask<List<WalSegmentName>> WaitingAsync(string directory, WalSegmentName segment, CancellationToken cancellationToken)
    {
        var waiting = new List<WalSegmentName>();
        for (var next = segment.Next(_identity.WalSegmentSize); waiting.Count < _jobs && IsReady(directory, next); next = next.Next(_identity.WalSegmentSize))
        {
            if (await _archive.FindAsync(next.ToString(), cancellationToken) is not null)
            {
                break;
            }

            waiting.Add(next);
        }

        return waiting;
    }

    /// <summary>False where one of them could not be stored; those before it are.</summary>
    private async ValueTask<bool> StoreAsync(string directory, List<WalSegmentName> segments, CancellationToken cancellationToken)
    {
        var encoding = segments.Select(segment => Task.Factory.StartNew(
            () => Encode(directory, segment, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
        var stored = 0;
        try
        {
            foreach (var task in encoding)
            {
                var (file, pending, took) = await task;
                if (!pending.TryPublish())
                {
                    // Another call was faster: the one of an archiver that was killed, or of the one that follows it.
                    return false;
                }

                stored++;
                Stored?.Invoke(file, took);
            }

            return true;
        }
        finally
        {
            await DisposeAsync(encoding);
            if (stored > 0)
            {
                await _archive.SyncNamesAsync(CancellationToken.None);
            }
        }
    }

    private (WalFileName File, IPendingObject Pending, TimeSpan Took) Encode(string directory, WalSegmentName segment, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        var path = Path.Combine(directory, segment.ToString());
        using var content = WalContent.Open(path);
        if (OfferedSegment.Examine(segment, path, content).RequireFinished().Identity is var found && (found.SystemIdentifier != _identity.SystemIdentifier || found.WalSegmentSize != _identity.WalSegmentSize))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"\"{path}\" is of another cluster than the segment before it");
        }

        _ = WalFileName.TryParse(segment.ToString(), out var file);
        var pending = _archive.Encode(file!, content, _identity.SystemIdentifier, _level, WalPush.WrittenAt(path), threads: 1, cancellationToken);
        return (file!, pending, _time.GetElapsedTime(began));
    }

    /// <summary>What was not published leaves nothing.</summary>
    private static async Task DisposeAsync(IEnumerable<Task<(WalFileName File, IPendingObject Pending, TimeSpan Took)>> encoding)
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
}
