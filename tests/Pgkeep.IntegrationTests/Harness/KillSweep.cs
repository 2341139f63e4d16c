using System.Globalization;
using Xunit;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>A command is killed at each of its moments, one run a kill.</summary>
internal static class KillSweep
{
    /// <summary>Of a call that is made more often, as many moments are tried.</summary>
    private const int MomentsOfOneCall = 40;

    /// <param name="what">For the report.</param>
    /// <param name="calls">As they were recorded (<see cref="KillPoint.RecordAsync"/>).</param>
    /// <param name="killAsync">Kills the command after a moment, and looks at what that leaves; whether the moment came.</param>
    public static async Task RunAsync(string what, IEnumerable<string> calls, Func<string, Task<bool>> killAsync)
    {
        var (total, missed) = (0, 0);
        foreach (var call in calls.CountBy(call => call))
        {
            var kills = 0;
            foreach (var occurrence in Spread(call.Value))
            {
                // Threads share the work as it comes, so the last of many calls may be one less.
                _ = await killAsync(string.Create(CultureInfo.InvariantCulture, $"{call.Key}:{occurrence}")) ? kills++ : missed++;
            }

            total += kills;
            SoakRun.Tell($"{what}: {kills} kills at {call.Key}, which is called {call.Value} times");
        }

        SoakRun.Tell($"{what}: {total} kills, nothing lost");
        Assert.NotEqual(0, total);
        Assert.InRange(missed, 0, total / 20);
    }

    /// <summary>The first and the last of so many, and some between.</summary>
    private static IEnumerable<int> Spread(int count) => count <= MomentsOfOneCall
        ? Enumerable.Range(1, count)
        : Enumerable.Range(0, MomentsOfOneCall).Select(step => 1 + (int)((long)step * (count - 1) / (MomentsOfOneCall - 1)));
}
