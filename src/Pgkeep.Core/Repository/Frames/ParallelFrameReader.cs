using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Repository.Frames;

/// <summary>
/// Reads the frames of one archive with several threads: bounded in memory, the first failure ends all of them and is the one thrown. A thread
/// that is done before its turn leaves its frame to whoever is at the step in order, and goes on with the next.
/// </summary>
internal sealed class ParallelFrameReader<TResult>
    where TResult : class
{
    /// <summary>Frames under way for each thread: one in its hands, and some that wait for their turn.</summary>
    private const int FramesPerWorker = 3;

    private readonly SafeFileHandle _archive;
    private readonly string _path;
    private readonly FrameIndexReader _index;
    private readonly Codec _codec;
    private readonly IFrameConsumer<TResult> _consumer;
    private readonly Lock _indexLock = new();
    private readonly Lock _orderLock = new();
    private readonly Dictionary<long, Slot> _waiting = [];
    private readonly Stack<Slot> _free = [];
    private readonly List<Exception> _failures = [];
    private long _next;
    private bool _isAccepting;

    /// <param name="archive">Not owned.</param>
    /// <param name="path">Of the archive, for messages.</param>
    public ParallelFrameReader(SafeFileHandle archive, string path, FrameIndexReader index, Codec codec, IFrameConsumer<TResult> consumer)
    {
        _archive = archive;
        _path = path;
        _index = index;
        _codec = codec;
        _consumer = consumer;
    }

    /// <summary>Returns when every frame that the index names has been accepted.</summary>
    /// <exception cref="Diagnostics.PgkeepException">The index is damaged, or a file cannot be read.</exception>
    public void Run(int jobs, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var window = new SemaphoreSlim(jobs * FramesPerWorker);
        var threads = Enumerable.Range(0, jobs).Select(number => new Thread(() => Work(window, stop)) { Name = $"frames {number}" }).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        if (_failures.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ExceptionDispatchInfo.Throw(_failures[0]);
        }
    }

    /// <summary>The boundary of a thread: whatever is thrown in it is brought out by <see cref="Run"/>.</summary>
    private void Work(SemaphoreSlim window, CancellationTokenSource stop)
    {
        try
        {
            using var decoder = new FrameDecoder(_archive, _path, _codec);
            while (true)
            {
                // A place before a number: whoever has the next number never waits for a place.
                window.Wait(stop.Token);
                if (TakeSlot() is not { } slot)
                {
                    window.Release();
                    return;
                }

                Process(slot, decoder);
                Accept(slot, window);
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

    private Slot? TakeSlot()
    {
        lock (_indexLock)
        {
            if (_index.TryRead() is not { } frame)
            {
                return null;
            }

            if (!_free.TryPop(out var slot))
            {
                slot = new Slot();
            }

            slot.Frame = frame;
            return slot;
        }
    }

    private void Process(Slot slot, FrameDecoder decoder)
    {
        slot.StoredLength = 0;
        slot.Result = _consumer.PassOver(slot.Frame!);
        if (slot.Result is not null)
        {
            return;
        }

        var stored = slot.Stored;
        slot.StoredLength = decoder.Read(slot.Frame!, ref stored);
        slot.Stored = stored;
        slot.Result = decoder.TryDecode(slot.Frame!, stored, slot.StoredLength, out var plain) ? _consumer.Process(slot.Frame!, plain) : null;
    }

    /// <summary>Leaves the frame where its turn has not come, or where another thread is at it; that one then finds it.</summary>
    private void Accept(Slot slot, SemaphoreSlim window)
    {
        lock (_orderLock)
        {
            _waiting.Add(slot.Frame!.Number, slot);
            if (_isAccepting)
            {
                return;
            }

            _isAccepting = true;
        }

        while (TakeNext() is { } next)
        {
            // The decoder has written behind the frame, not into it.
            _consumer.Accept(next.Frame!, next.Stored.AsSpan(0, next.StoredLength), next.Result);
            next.Result = null;
            lock (_indexLock)
            {
                _free.Push(next);
            }

            window.Release();
        }
    }

    private Slot? TakeNext()
    {
        lock (_orderLock)
        {
            _isAccepting = _waiting.Remove(_next, out var slot);
            _next += _isAccepting ? 1 : 0;
            return slot;
        }
    }

    /// <summary>A frame under way, with memory that is used again.</summary>
    private sealed class Slot
    {
        public IndexedFrame? Frame { get; set; }

        public byte[] Stored { get; set; } = [];

        public int StoredLength { get; set; }

        public TResult? Result { get; set; }
    }
}
