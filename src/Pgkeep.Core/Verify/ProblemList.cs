namespace Pgkeep.Verify;

/// <summary>What is wrong with a backup, from several threads. A person reads the first lines; the rest is counted, so that a lost archive does not fill the memory.</summary>
internal sealed class ProblemList
{
    /// <summary>More lines say nothing new.</summary>
    public const int MaxLines = 20;

    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private long _count;

    public void Add(string line)
    {
        lock (_lock)
        {
            _count++;
            if (_lines.Count < MaxLines)
            {
                _lines.Add(line);
            }
        }
    }

    public void AddRange(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            Add(line);
        }
    }

    /// <summary>Takes over what another list, which is complete, has.</summary>
    public void Join(ProblemList other)
    {
        AddRange(other._lines);
        lock (_lock)
        {
            _count += other._count - other._lines.Count;
        }
    }

    public IReadOnlyList<string> ToLines()
    {
        lock (_lock)
        {
            return _count > _lines.Count ? [.. _lines, $"and {_count - _lines.Count} more"] : [.. _lines];
        }
    }
}
