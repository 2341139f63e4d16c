using Pgkeep.Backup.Frames;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Backup.Frames;

public sealed class ReadRateTests
{
    private readonly ManualTime _time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void The_first_bytes_are_free_at_once_however_many()
    {
        new ReadRate(1_000, _time).Take(1_000_000, Cancellation);

        Assert.Equal(0, _time.Waiting);
    }

    [Fact]
    public async Task The_next_ones_wait_until_those_before_are_paid()
    {
        var rate = new ReadRate(1_000_000, _time);
        rate.Take(3_000_000, Cancellation);

        var next = TakeAsync(rate, 1);
        await WaitForTimersAsync(1);

        Assert.Equal(TimeSpan.FromSeconds(3), _time.NextDue);
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(3));
        await next;
    }

    [Fact]
    public async Task All_workers_share_one_rate()
    {
        var rate = new ReadRate(1_000_000, _time);
        var workers = Enumerable.Range(0, 4).Select(_ => Task.Run(() => Repeat(() => rate.Take(500_000, Cancellation), 5), Cancellation)).ToList();

        var elapsed = TimeSpan.Zero;
        for (var end = Task.WhenAll(workers); !end.IsCompleted; elapsed += TimeSpan.FromMilliseconds(100))
        {
            await Task.Delay(5, Cancellation);
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        // 10 MB at 1 MB/s; the last 0.5 MB are a debt that nobody waits for.
        Assert.InRange(elapsed, TimeSpan.FromSeconds(9.3), TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_pause_saves_up_a_tenth_of_a_second_and_no_more()
    {
        var rate = new ReadRate(1_000_000, _time);
        _time.Advance(TimeSpan.FromHours(1));
        rate.Take(1_100_000, Cancellation);

        var next = TakeAsync(rate, 1);
        await WaitForTimersAsync(1);

        Assert.Equal(TimeSpan.FromSeconds(1), _time.NextDue);
        _time.Advance(TimeSpan.FromSeconds(1));
        await next;
    }

    [Fact]
    public async Task A_wait_ends_when_it_is_cancelled()
    {
        using var stop = new CancellationTokenSource();
        var rate = new ReadRate(1, _time);
        rate.Take(long.MaxValue / 1_000_000_000, Cancellation);
        var next = Task.Run(() => rate.Take(1, stop.Token), Cancellation);
        await WaitForTimersAsync(1);

        await stop.CancelAsync();
        await ((Task)Task.WhenAny(next)).WaitAsync(TimeSpan.FromSeconds(10), Cancellation);

        Assert.IsAssignableFrom<OperationCanceledException>(next.Exception?.InnerException);
        Assert.Equal(0, _time.Waiting);
    }

    private static Task TakeAsync(ReadRate rate, long bytes) => Task.Run(() => rate.Take(bytes, Cancellation), Cancellation);

    private static void Repeat(Action action, int times)
    {
        for (var i = 0; i < times; i++)
        {
            action();
        }
    }

    private async Task WaitForTimersAsync(int count)
    {
        while (_time.Waiting < count)
        {
            await Task.Delay(1, Cancellation);
        }
    }
}
