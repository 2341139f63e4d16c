using Xunit;

namespace Pgkeep.IntegrationTests.Restore.Targets;

/// <summary>One history for each major that is asked for; the tests of a class ask one after another.</summary>
public sealed class TargetHistories : IAsyncDisposable
{
    /// <summary>Null where it could not be built, which is tried once.</summary>
    private readonly Dictionary<int, TargetHistory?> _built = [];

    internal async Task<TargetHistory> OfAsync(int major)
    {
        if (!_built.TryGetValue(major, out var history))
        {
            _built[major] = null;
            _built[major] = history = await TargetHistory.BuildAsync(major);
        }

        Assert.True(history is not null, $"the history with PostgreSQL {major} could not be built, as an earlier test tells");
        return history;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var history in _built.Values.OfType<TargetHistory>())
        {
            await history.DisposeAsync();
        }
    }
}
