using System.Diagnostics;
using Xunit;
using Xunit.Sdk;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>Waits for what a server does in its own time, archiving for example.</summary>
internal static class Poll
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(25);

    public static async Task UntilAsync(Func<Task<bool>> isDone, string what, TimeSpan? timeout = null)
    {
        var limit = timeout ?? TimeSpan.FromSeconds(30);
        var waited = Stopwatch.StartNew();
        while (!await isDone())
        {
            if (waited.Elapsed > limit)
            {
                throw new XunitException($"waited {limit.TotalSeconds:0} s in vain: {what}");
            }

            await Task.Delay(Interval, TestContext.Current.CancellationToken);
        }
    }

    public static Task UntilAsync(Func<bool> isDone, string what, TimeSpan? timeout = null) =>
        UntilAsync(() => Task.FromResult(isDone()), what, timeout);
}
