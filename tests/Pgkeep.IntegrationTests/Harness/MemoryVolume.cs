using System.Collections.Concurrent;
using System.Diagnostics;
using Xunit;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>
/// A real file system of a size that a test chooses, which can be made larger and read-only under a running server. It needs root and the right to mount; where either is
/// missing the test is skipped and says so, and what remains are the tests that inject the kernel's answers.
/// </summary>
internal sealed class MemoryVolume : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<string, byte> Mounted = new();

    private readonly string _directory;

    static MemoryVolume() => EarlyEnd.Register(() =>
    {
        foreach (var directory in Mounted.Keys)
        {
            using var unmount = Process.Start(StartInfo("umount", ["-l", directory]));
            unmount?.WaitForExit();
        }
    });

    private MemoryVolume(string directory) => _directory = directory;

    /// <param name="directory">There already; on the volume it belongs to the test account alone.</param>
    public static async Task<MemoryVolume> MountAsync(string directory, int sizeInMiB)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root, to mount a file system");
        var id = async (string what) => (await TestAccount.RunAsync("id", [what])).EnsureSuccess().Stdout.Trim();
        var result = await RunAsync("mount", "-t", "tmpfs", "-o", $"size={sizeInMiB}m,mode=0700,uid={await id("-u")},gid={await id("-g")}", "pgkeep-test", directory);
        Assert.SkipUnless(result.ExitCode == 0, $"needs the right to mount a file system: {result.Stderr.Trim()}");
        Mounted[directory] = 0;
        return new MemoryVolume(directory);
    }

    /// <param name="options">As in <c>mount -o remount,…</c>: <c>size=1g</c>, <c>ro</c>, <c>rw</c>.</param>
    public async Task RemountAsync(string options) => (await RunAsync("mount", "-o", $"remount,{options}", _directory)).EnsureSuccess();

    /// <summary>At once, whoever still uses it.</summary>
    public async ValueTask DisposeAsync()
    {
        (await RunAsync("umount", "-l", _directory)).EnsureSuccess();
        Mounted.TryRemove(_directory, out _);
    }

    private static async Task<ProgramResult> RunAsync(string program, params string[] arguments)
    {
        await using var running = new RunningProgram(StartInfo(program, arguments), new RunOptions());
        return await running.WaitAsync();
    }

    private static ProcessStartInfo StartInfo(string program, IEnumerable<string> arguments) =>
        new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
}
