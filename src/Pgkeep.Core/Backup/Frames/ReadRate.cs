namespace Pgkeep.Backup.Frames;

/// <summary>
/// A token bucket that all workers of a backup share: holds back what is read from the data directory. Whoever takes more than there is leaves a
/// debt, and the next one waits until it is paid, so a frame may be larger than the bucket.
/// </summary>
internal sealed class ReadRate
{
    /// <summary>What a pause may save up: enough that short ones cost nothing, too little to be felt as a burst.</summary>
    private static readonly TimeSpan Capacity = TimeSpan.FromMilliseconds(100);

    private readonly long _bytesPerSecond;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly Lock _lock = new();
    private TimeSpan _paidUntil;

    public ReadRate(long bytesPerSecond, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(bytesPerSecond, 0);
        _bytesPerSecond = bytesPerSecond;
        _time = time;
        _began = time.GetTimestamp();
    }

    /// <summary>Waits, in a worker's own thread, until this many bytes may be read.</summary>
    public void Take(long bytes, CancellationToken cancellationToken)
    {
        var wait = Reserve(bytes);
        if (wait <= TimeSpan.Zero)
        {
            return;
        }

        using var isDue = new ManualResetEventSlim();
        using var timer = _time.CreateTimer(_ => isDue.Set(), null, Min(wait, TimeSpan.FromDays(40)), Timeout.InfiniteTimeSpan);
        isDue.Wait(cancellationToken);
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private TimeSpan Reserve(long bytes)
    {
        lock (_lock)
        {
            var now = _time.GetElapsedTime(_began);
            var begin = Max(_paidUntil, now - Capacity);
            _paidUntil = begin + TimeSpan.FromSeconds((double)bytes / _bytesPerSecond);
            return begin - now;
        }
    }
}
