namespace Pgkeep.Output.Progress;

/// <summary>The rate of the last seconds: what a person sees happening now, without jumping with every file.</summary>
internal sealed class RateMeter
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly Queue<(long Moment, long Bytes)> _samples = [];

    public RateMeter(TimeProvider time) => _time = time;

    /// <returns>Bytes per second; null with the first sample.</returns>
    public long? Add(long bytes)
    {
        var now = _time.GetTimestamp();
        _samples.Enqueue((now, bytes));
        while (_samples.Count > 2 && _time.GetElapsedTime(_samples.Peek().Moment, now) > Window)
        {
            _samples.Dequeue();
        }

        var (moment, before) = _samples.Peek();
        var elapsed = _time.GetElapsedTime(moment, now);
        return elapsed > TimeSpan.Zero ? (long)((bytes - before) / elapsed.TotalSeconds) : null;
    }
}
