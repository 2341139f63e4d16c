using Xunit;
namespace Pgkeep.IntegrationTests.Harness;

/// <summary>
/// What tests with servers derive from. Each test gets a workspace of its own when it asks for one; at its end every server in it is
/// stopped, and after a failure the tails of their logs are in the test's output and the workspace stays.
/// </summary>
public abstract class IntegrationTest : IAsyncLifetime
{
    private readonly List<PostgresCluster> _clusters = [];
    private Workspace? _workspace;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        var hasFailed = TestContext.Current.TestState?.Result == TestResult.Failed;
        foreach (var cluster in _clusters)
        {
            if (hasFailed)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"--- {cluster.LogFile}\n{cluster.LogTail()}");
            }

            await cluster.DisposeAsync();
        }

        if (_workspace is not null)
        {
            _workspace.Keep |= hasFailed;
            await _workspace.DisposeAsync();
        }
    }

    private protected async Task<Workspace> GetWorkspaceAsync() => _workspace ??= await Workspace.CreateAsync();

    private protected async Task<PostgresCluster> StartClusterAsync(int major, ServerOptions? options = null, string name = "data")
    {
        var cluster = await PostgresCluster.StartAsync(await GetWorkspaceAsync(), major, options, name);
        _clusters.Add(cluster);
        return cluster;
    }

    private protected async Task<PostgresCluster> StartStandbyAsync(PostgresCluster primary, string name = "standby")
    {
        var standby = await PostgresCluster.StartStandbyAsync(primary, name);
        _clusters.Add(standby);
        return standby;
    }
}
