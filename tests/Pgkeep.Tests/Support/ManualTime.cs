namespace Pgkeep.Tests.Support;

/// <summary>Time that passes when a test says so; timers ring in the test's own thread.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private TimeSpan _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How many timers wait to ring.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _timers.Count(timer => timer.Due is not null);
            }
        }
    }

    /// <summary>Of the one timer that rings next; null where none does.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            lock (_lock)
            {
                return _timers.Min(timer => timer.Due) - _now;
            }
        }
    }

    public override long GetTimestamp()
    {
        lock (_lock)
        {
            return _now.Ticks;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (_lock)
        {
            var timer = new ManualTimer(this, () => callback(state), period) { Due = _now + dueTime };
            _timers.Add(timer);
            return timer;
        }
    }

    public void Advance(TimeSpan duration)
    {
        TimeSpan end;
        lock (_lock)
        {
            end = _now + duration;
        }

        while (TakeDue(end) is { } timer)
        {
            timer.Ring();
        }

        lock (_lock)
        {
            _now = end;
        }
    }

    private ManualTimer? TakeDue(TimeSpan end)
    {
        lock (_lock)
        {
            var timer = _timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);
            if (timer is { Due: { } due })
            {
                _now = due;
                timer.Due = timer.Period > TimeSpan.Zero ? due + timer.Period : null;
            }

            return timer;
        }
    }

    private sealed class ManualTimer(ManualTime time, Action ring, TimeSpan period) : ITimer
    {
        public TimeSpan Period { get; } = period;

        public TimeSpan? Due { get; set; }

        public void Ring() => ring();

        public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException();

        public void Dispose()
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
