namespace Pgkeep.Postgres.Wal.Index;

/// <summary>
/// Numbers of 32 bits, blocks or transactions, as runs in ascending order, the way they are stored: of each run the gap before it, twice, plus 1 where it has more than one
/// number, and then how many more than two. A number in a table that is changed all over takes one byte.
/// </summary>
internal readonly struct NumberSet
{
    private readonly ReadOnlyMemory<byte> _runs;

    public NumberSet(long count, ReadOnlyMemory<byte> runs) => (Count, _runs) = (count, runs);

    public long Count { get; }

    /// <summary>The runs as they are stored.</summary>
    public ReadOnlySpan<byte> Runs => _runs.Span;

    public bool IsEmpty => Count == 0;

    public RunEnumerator GetEnumerator() => new(_runs.Span);

    /// <summary>Takes a walk through the runs.</summary>
    public bool Contains(uint number)
    {
        foreach (var run in this)
        {
            if (run.Last >= number)
            {
                return run.First <= number;
            }
        }

        return false;
    }

    public IReadOnlyList<uint> ToList()
    {
        var numbers = new List<uint>();
        foreach (var run in this)
        {
            for (ulong number = run.First; number <= run.Last; number++)
            {
                numbers.Add((uint)number);
            }
        }

        return numbers;
    }

    /// <summary>Ends early where the bytes are no runs.</summary>
    internal ref struct RunEnumerator(ReadOnlySpan<byte> runs)
    {
        private IndexReader _reader = new(runs);
        private ulong _next;

        public NumberRun Current { get; private set; }

        public bool MoveNext()
        {
            if (_reader.IsAtEnd)
            {
                return false;
            }

            var gap = _reader.Number();
            var first = _next + (gap >> 1);
            var last = first + ((gap & 1) != 0 ? 1 + _reader.Number() : 0);
            if (_reader.IsBad || last > uint.MaxValue || last < first)
            {
                return false;
            }

            Current = new NumberRun((uint)first, (uint)last);
            // Between two runs one number at least is missing.
            _next = last + 2;
            return true;
        }
    }

    /// <summary>Takes runs in ascending order that do not touch.</summary>
    internal sealed class Writer
    {
        private readonly IndexWriter _writer = new();
        private ulong _next;
        private long _count;
        private NumberRun? _open;

        /// <param name="first">Not before the end of the one added last; it may touch it.</param>
        public void Add(uint first, uint last)
        {
            if (_open is { } open && (ulong)open.Last + 1 == first)
            {
                _open = open with { Last = last };
                return;
            }

            Flush();
            _open = new NumberRun(first, last);
        }

        public NumberSet ToSet()
        {
            Flush();
            return new NumberSet(_count, _writer.ToArray());
        }

        private void Flush()
        {
            if (_open is not { } run)
            {
                return;
            }

            var isLong = run.Last > run.First;
            _writer.Number(((run.First - _next) << 1) | (isLong ? 1u : 0));
            if (isLong)
            {
                _writer.Number((ulong)run.Last - run.First - 1);
            }

            _count += (long)run.Last - run.First + 1;
            _next = (ulong)run.Last + 2;
            _open = null;
        }
    }
}

/// <param name="Last">Included.</param>
internal readonly record struct NumberRun(uint First, uint Last);
