using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Repository.Frames;

/// <summary>What one thread does with the frames that are dealt out to it.</summary>
internal interface IFrameWorker
{
    /// <param name="plain">Valid until the call returns.</param>
    /// <param name="isWhole">False where the frame ends early in the archive or does not decompress; then there is no content.</param>
    void Process(IndexedFrame frame, ReadOnlySpan<byte> plain, bool isWhole);
}

/// <summary>
/// Reads the frames of one archive with several threads, file by file (<see cref="FrameRuns"/>): bounded in memory, the first failure ends all of them and is the
/// one thrown. Nothing happens in the order of the archive; for that there is <see cref="ParallelFrameReader{TResult}"/>.
/// </summary>
internal sealed class FrameRunReader
{
    private readonly SafeFileHandle _archive;
    private readonly string _path;
    private readonly FrameIndexReader _index;
    private readonly Codec _codec;
    private readonly List<Exception> _failures = [];

    /// <param name="archive">Not owned.</param>
    /// <param name="path">Of the archive, for messages.</param>
    public FrameRunReader(SafeFileHandle archive, string path, FrameIndexReader index, Codec codec)
    {
        _archive = archive;
        _path = path;
        _index = index;
        _codec = codec;
    }

    /// <summary>Returns when every frame that the index names has been processed.</summary>
    /// <param name="workers">A thread each.</param>
    /// <exception cref="Diagnostics.PgkeepException">The index is damaged, or a file cannot be read.</exception>
    public void Run(IReadOnlyList<IFrameWorker> workers, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var runs = new FrameRuns(_index, workers.Count);
        var threads = workers.Select((worker, number) => new Thread(() => Work(runs, number, worker, stop)) { Name = $"frames {number}" }).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        if (_failures.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ExceptionDispatchInfo.Throw(_failures[0]);
        }
    }

    /// <summary>The boundary of a thread: whatever is thrown in it is brought out by <see cref="Run"/>.</summary>
    private void Work(FrameRuns runs, int number, IFrameWorker worker, CancellationTokenSource stop)
    {
        try
        {
            using var decoder = new FrameDecoder(_archive, _path, _codec);
            var stored = Array.Empty<byte>();
            while (runs.Take(number) is { } frame)
            {
                stop.Token.ThrowIfCancellationRequested();
                var length = decoder.Read(frame, ref stored);
                var isWhole = decoder.TryDecode(frame, stored, length, out var plain);
                worker.Process(frame, plain, isWhole);
            }
        }
        catch (Exception failure)
        {
            lock (_failures)
            {
                _failures.Add(failure);
            }

            stop.Cancel();
        }
    }
}
