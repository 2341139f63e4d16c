using System.Collections.Concurrent;
using System.Diagnostics;
using Xunit;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>
/// A file system whose files can share blocks: XFS in a file. It needs root, the right to mount, a loop device and mkfs.xfs; where one is missing the test is skipped and says so, and what
/// remains are the tests that copy instead.
/// </summary>
internal sealed class CloningVolume : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<string, byte> Mounted = new();

    private readonly string _directory;
    private readonly string _image;

    static CloningVolume() => EarlyEnd.Register(() =>
    {
        foreach (var directory in Mounted.Keys)
        {
            using var unmount = Process.Start(StartInfo("umount", ["-l", directory]));
            unmount?.WaitForExit();
        }
    });

    private CloningVolume(string directory, string image) => (_directory, _image) = (directory, image);

    /// <param name="directory">There already; on the volume it belongs to the test account alone.</param>
    public static async Task<CloningVolume> MountAsync(string directory, int sizeInMiB)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root, to mount a file system");
        var image = directory + ".xfs";
        await using (var file = File.Create(image))
        {
            file.SetLength(sizeInMiB * 1024L * 1024);
        }

        var volume = new CloningVolume(directory, image);
        var made = await TryRunAsync("mkfs.xfs", "-q", "-m", "reflink=1", image);
        if (made.ExitCode != 0)
        {
            File.Delete(image);
            Assert.Skip($"needs mkfs.xfs: {made.Stderr.Trim()}");
        }

        var mounted = await TryRunAsync("mount", "-o", "loop", image, directory);
        if (mounted.ExitCode != 0)
        {
            File.Delete(image);
            Assert.Skip($"needs the right to mount a file system on a loop device: {mounted.Stderr.Trim()}");
        }

        Mounted[directory] = 0;
        var id = async (string what) => (await TestAccount.RunAsync("id", [what])).EnsureSuccess().Stdout.Trim();
        (await TryRunAsync("chown", string.Join(':', await id("-u"), await id("-g")), directory)).EnsureSuccess();
        (await TryRunAsync("chmod", "0700", directory)).EnsureSuccess();
        return volume;
    }

    /// <summary>Bytes that are in use.</summary>
    public long Used => new DriveInfo(_directory) is var drive ? drive.TotalSize - drive.TotalFreeSpace : 0;

    /// <summary>At once, whoever still uses it.</summary>
    public async ValueTask DisposeAsync()
    {
        (await TryRunAsync("umount", "-l", _directory)).EnsureSuccess();
        Mounted.TryRemove(_directory, out _);
        File.Delete(_image);
    }

    private static async Task<ProgramResult> TryRunAsync(string program, params string[] arguments)
    {
        try
        {
            await using var running = new RunningProgram(StartInfo(program, arguments), new RunOptions());
            return await running.WaitAsync();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return new ProgramResult(program, 127, "", "not installed", TimeSpan.Zero);
        }
    }

    private static ProcessStartInfo StartInfo(string program, IEnumerable<string> arguments) =>
        new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
}
