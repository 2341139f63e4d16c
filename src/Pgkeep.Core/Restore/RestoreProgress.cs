using Pgkeep.Postgres;

namespace Pgkeep.Restore;

/// <summary>
/// How far a restore is, counted by those who work and looked at by whoever shows it. Those who work call nobody, so nothing that watches a restore can make it fail or
/// wait.
/// </summary>
internal sealed class RestoreProgress
{
    private readonly Lock _replay = new();
    private volatile RestoreStep? _step;
    private long _done;

    /// <summary>Null before the first and after the last.</summary>
    public RestoreStep? Step => _step;

    /// <summary>Bytes of the step.</summary>
    public long Done => Interlocked.Read(ref _done);

    /// <param name="plainBytes">Of all files.</param>
    public void BeginCopy(long plainBytes) => Begin(new RestoreStep(plainBytes, null));

    /// <param name="bytes">Of WAL.</param>
    public void BeginReplay(Lsn start, long bytes) => Begin(new RestoreStep(bytes, new ReplayedWal(start, start, null)));

    /// <summary>Written by the copy.</summary>
    public void Add(long bytes) => Interlocked.Add(ref _done, bytes);

    /// <summary>Replayed up to a place.</summary>
    public void Reach(Lsn position)
    {
        lock (_replay)
        {
            if (_step is { Replayed: { } replayed } step && position > replayed.Position)
            {
                _step = step with { Replayed = replayed with { Position = position } };
                Interlocked.Exchange(ref _done, (long)(position - replayed.Start));
            }
        }
    }

    /// <summary>A commit about there is of that time; null where nobody knows.</summary>
    public void ReachTime(DateTimeOffset? time)
    {
        lock (_replay)
        {
            if (time is not null && _step is { Replayed: { } replayed } step)
            {
                _step = step with { Replayed = replayed with { Time = time } };
            }
        }
    }

    public void End()
    {
        lock (_replay)
        {
            _step = null;
        }
    }

    private void Begin(RestoreStep step)
    {
        _step = null;
        Interlocked.Exchange(ref _done, 0);
        _step = step;
    }
}

/// <param name="Total">In bytes.</param>
/// <param name="Replayed">Null while files are copied.</param>
internal sealed record RestoreStep(long Total, ReplayedWal? Replayed);

/// <param name="Time">Of the last commit; null where it is not known.</param>
internal sealed record ReplayedWal(Lsn Start, Lsn Position, DateTimeOffset? Time);
