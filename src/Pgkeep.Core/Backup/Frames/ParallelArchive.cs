using System.Runtime.ExceptionServices;
using Pgkeep.Postgres;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Backup.Frames;

/// <summary>One archive of a backup, made by several workers: bounded in memory, the first failure ends all of them and is the one reported.</summary>
internal sealed class ParallelArchive : IDisposable
{
    /// <summary>Frames under way for each worker: one in its hands, and some that wait for their turn.</summary>
    private const int FramesPerWorker = 4;

    private readonly FrameSink _sink;
    private readonly PageCheck _pages;
    private readonly int _jobs;
    private readonly Compression _compression;
    private readonly IFrameCompressor _compressor;

    public ParallelArchive(FrameSink sink, PageCheck pages, int jobs, Compression compression)
    {
        _sink = sink;
        _pages = pages;
        _jobs = jobs;
        _compression = compression;
        _compressor = compression.CreateCompressor();
    }

    public BackupProgress? Progress { get; init; }

    public ReadRate? Rate { get; init; }

    public void CopyAll(IFrameJobs queue, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var window = new SemaphoreSlim(_jobs * FramesPerWorker);
        var failures = new List<Exception>();
        var threads = Enumerable.Range(0, _jobs).Select(number => new Thread(() => Work(queue, window, failures, stop)) { Name = $"frames {number}" }).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        if (failures.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ExceptionDispatchInfo.Throw(failures[0]);
        }
    }

    public void AddContent(string name, ReadOnlySpan<byte> content, Posix.FileStatus like, DateTimeOffset modified)
    {
        var item = new CopyItem(name, like with { Modified = modified });
        var piece = new FilePiece(item, content.Length, 0, content.Length, Crc32C.Compute(content), true, true);
        _sink.AddMember(OpenFile.EntryOf(name, content.Length, item.Status), content, [piece], _compressor);
    }

    public void Complete() => _sink.Complete(_compressor);

    public void Dispose()
    {
        _compressor.Dispose();
        _sink.Dispose();
    }

    /// <summary>The boundary of a thread: whatever is thrown in it is brought out by <see cref="CopyAll"/>.</summary>
    private void Work(IFrameJobs queue, SemaphoreSlim window, List<Exception> failures, CancellationTokenSource stop)
    {
        try
        {
            using var worker = new FrameWorker(queue, _pages, _compression) { Progress = Progress, Rate = Rate };
            while (true)
            {
                // A place before a number: whoever has the next number never waits for a place.
                window.Wait(stop.Token);
                if (queue.Take() is not { } job)
                {
                    window.Release();
                    return;
                }

                var written = _sink.Add(worker.Run(job, stop.Token));
                if (written > 0)
                {
                    window.Release(written);
                }
            }
        }
        catch (Exception failure)
        {
            lock (failures)
            {
                failures.Add(failure);
            }

            stop.Cancel();
        }
    }
}
