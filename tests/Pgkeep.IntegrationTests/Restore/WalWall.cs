using Pgkeep.IntegrationTests.Harness;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>
/// Replaces the newest stored segment but one by a named pipe, so that the replay stops in front of it until this is disposed: a recovery that lasts
/// exactly as long as a test wants. The newest is read for the plan, which tells the last commit in it.
/// </summary>
internal sealed class WalWall : IAsyncDisposable, IDisposable
{
    private readonly string _segment;
    private bool _isDown;

    private WalWall(string segment) => _segment = segment;

    private string Hidden => _segment + ".hidden";

    public static async Task<WalWall> BuildAsync(RestoreSite site)
    {
        var segment = Directory.EnumerateFiles(site.Archive, "????????????????????????.gz").Order(StringComparer.Ordinal).ToList()[^2];
        var wall = new WalWall(segment);
        (await TestAccount.RunAsync("sh", ["-c", "mv \"$1\" \"$2\" && mkfifo -m 0600 \"$1\"", "sh", segment, wall.Hidden])).EnsureSuccess();
        return wall;
    }

    /// <summary>Lets every get-wal go that waits, with an error, and puts the segment back.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isDown)
        {
            _isDown = true;
            (await TestAccount.RunAsync("sh", ["-c", "exec 3<>\"$1\"; sleep 0.2; mv \"$2\" \"$1\"; exec 3>&-", "sh", _segment, Hidden])).EnsureSuccess();
        }
    }

    public void Dispose()
    {
        if (!_isDown)
        {
            _isDown = true;
            File.Move(Hidden, _segment, overwrite: true);
        }
    }
}
