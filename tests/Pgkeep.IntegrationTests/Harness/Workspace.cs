using System.Collections.Concurrent;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>
/// A directory that belongs to the test account and to nobody else. Its path is short, because the path of a Unix socket holds 107
/// characters. When it goes, every server that runs in it goes first, whoever started it. PGKEEP_TEST_KEEP=1 keeps the directory.
/// </summary>
internal sealed class Workspace : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<string, Workspace> Live = new();
    private static readonly bool KeepAlways = Environment.GetEnvironmentVariable("PGKEEP_TEST_KEEP") == "1";

    static Workspace() => EarlyEnd.Register(AbandonAll);

    private Workspace(string path)
    {
        Root = path;
        Live[path] = this;
    }

    public string Root { get; }

    /// <summary>Set by a test that failed: what it left is evidence.</summary>
    public bool Keep { get; set; } = KeepAlways;

    public static async Task<Workspace> CreateAsync()
    {
        var made = await TestAccount.RunAsync("mktemp", ["--directory", "/tmp/pk.XXXXXXXX"]);
        return new Workspace(made.EnsureSuccess().Stdout.TrimEnd());
    }

    public string PathOf(string name) => Path.Combine(Root, name);

    /// <summary>Makes a directory that only the account may enter.</summary>
    public async Task<string> CreateDirectoryAsync(string name)
    {
        var path = PathOf(name);
        (await TestAccount.RunAsync("mkdir", ["-p", "-m", "0700", path])).EnsureSuccess();
        return path;
    }

    /// <summary>Writes a file of the account's own, 0600 unless told otherwise.</summary>
    public async Task<string> WriteFileAsync(string name, string text, string mode = "0600")
    {
        var path = PathOf(name);
        await TestAccount.WriteFileAsync(path, text, mode);
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        if (!Live.TryRemove(Root, out _))
        {
            return;
        }

        await StopServersAsync();
        await LeftProcesses.EndAsync(Root);
        if (!Keep)
        {
            Directory.Delete(Root, recursive: true);
        }
    }

    private async Task StopServersAsync()
    {
        foreach (var postmaster in PostmasterFile.AllBelow(Root))
        {
            if (postmaster.IsRunning)
            {
                Processes.Send(postmaster.ProcessId, Signal.Quit);
                await Processes.WaitForEndAsync([postmaster.ProcessId]);
            }
            else if (postmaster.HasOrphanedMemory())
            {
                await TestAccount.RunAsync("ipcrm", ["-m", $"{postmaster.SharedMemoryId}"]);
            }
        }
    }

    // The run ends early: nothing that it started may survive it, and no server either.
    private static void AbandonAll()
    {
        foreach (var child in Processes.DescendantsOf(Environment.ProcessId))
        {
            Processes.Send(child, Signal.Kill);
        }

        foreach (var workspace in Live.Values)
        {
            foreach (var postmaster in PostmasterFile.AllBelow(workspace.Root).Where(postmaster => postmaster.IsRunning))
            {
                Processes.Send(postmaster.ProcessId, Signal.Quit);
                SpinWait.SpinUntil(() => !Processes.IsAlive(postmaster.ProcessId), TimeSpan.FromSeconds(5));
            }

            if (!KeepAlways)
            {
                TryDelete(workspace.Root);
            }
        }
    }

    private static void TryDelete(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (IOException)
        {
            // A process in its last moment still wrote there; a directory in /tmp is all that is left.
        }
    }
}
