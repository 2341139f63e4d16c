namespace Pgkeep.Repository.Frames;

/// <summary>
/// Deals the frames of an archive out to several threads so that each file is one thread's, whose frames come one behind the other: two threads that write to one
/// file wait for each other in the kernel. When nothing is left to deal out, a thread takes over from the end of another's.
/// </summary>
internal sealed class FrameRuns
{
    /// <summary>Small files share frames, and a thread takes several of those at a time.</summary>
    private const int ShortRun = 8;

    /// <summary>A gigabyte, the usual segment of a relation, in frames of a mebibyte; what is longer is dealt out in pieces.</summary>
    private const int LongRun = 1024;

    private readonly FrameIndexReader _index;
    private readonly Lock _lock = new();
    private readonly LinkedList<IndexedFrame>[] _runs;
    private IndexedFrame? _ahead;
    private bool _hasBegun;

    public FrameRuns(FrameIndexReader index, int threads)
    {
        _index = index;
        _runs = [.. Enumerable.Range(0, threads).Select(_ => new LinkedList<IndexedFrame>())];
    }

    /// <summary>The next frame of a thread; null where all are dealt out.</summary>
    /// <exception cref="Diagnostics.PgkeepException">The index is damaged, or cannot be read.</exception>
    public IndexedFrame? Take(int thread)
    {
        lock (_lock)
        {
            var own = _runs[thread];
            if (own.Count == 0)
            {
                Fill(own);
            }

            if (own.First is { } next)
            {
                own.RemoveFirst();
                return next.Value;
            }

            var longest = _runs.MaxBy(run => run.Count)!;
            if (longest.Last is not { } last)
            {
                return null;
            }

            longest.RemoveLast();
            return last.Value;
        }
    }

    private void Fill(LinkedList<IndexedFrame> run)
    {
        if (!_hasBegun)
        {
            _ahead = _index.TryRead();
            _hasBegun = true;
        }

        while (_ahead is { } frame && run.Count < LongRun && (run.Count < ShortRun || frame.Parts is [{ IsFirst: false }, ..]))
        {
            run.AddLast(frame);
            _ahead = _index.TryRead();
        }
    }
}
