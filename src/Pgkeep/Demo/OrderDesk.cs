using Pgkeep.Postgres.Server;

namespace Pgkeep.Demo;

/// <summary>
/// Takes orders in small transactions, on a session of its own, while a backup runs: a backup of a server at rest would prove little. It never
/// takes more than it was given, so that the shop ends with the same orders however long the backup took.
/// </summary>
internal sealed class OrderDesk : IAsyncDisposable
{
    private const int BatchSize = 10;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    private readonly ServerConnection _session;
    private readonly CancellationTokenSource _closing;
    private readonly int _first;
    private readonly int _count;
    private readonly TimeProvider _time;
    private readonly Task<int> _work;

    private OrderDesk(ServerConnection session, int first, int count, TimeProvider time, CancellationToken cancellationToken)
    {
        _session = session;
        _first = first;
        _count = count;
        _time = time;
        _closing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _work = WorkAsync(_closing.Token);
    }

    public static async Task<OrderDesk> OpenAsync(DemoServer server, int first, int count, TimeProvider time, CancellationToken cancellationToken) =>
        new(await server.ConnectAsync(Shop.DatabaseName, cancellationToken), first, count, time, cancellationToken);

    /// <summary>Ends after the transaction under way.</summary>
    /// <returns>How many orders it took.</returns>
    public async Task<int> CloseAsync()
    {
        await _closing.CancelAsync();
#pragma warning disable VSTHRD003 // started by the constructor, and awaited nowhere else but in DisposeAsync
        return await _work;
#pragma warning restore VSTHRD003
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        // Its failure was told by CloseAsync, or another one is on its way already.
        await ((Task)_work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _session.DisposeAsync();
        _closing.Dispose();
    }

    private async Task<int> WorkAsync(CancellationToken closing)
    {
        var taken = 0;
        while (taken < _count && !closing.IsCancellationRequested)
        {
            var batch = Math.Min(BatchSize, _count - taken);
            await Shop.TakeOrdersAsync(_session, _first + taken, batch, CancellationToken.None);
            taken += batch;
            await Task.Delay(Pause, _time, CancellationToken.None);
        }

        return taken;
    }
}
