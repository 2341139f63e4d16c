using System.Globalization;
using System.Text.RegularExpressions;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>A cluster with very many relations, made up from files: memory does not grow with it beyond its bound.</summary>
public sealed partial class ManyFilesTests : BackupTest
{
    private const int FirstName = 5_000_000; // far from what the server gives out

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(10);

    [Fact]
    public Task A_backup_of_50_000_files_stays_within_150_MB() => BackUpAsync(50_000);

    [Soak]
    public Task A_backup_of_1_000_000_files_stays_within_150_MB() => BackUpAsync(1_000_000);

    private async Task BackUpAsync(int files)
    {
        var site = await StartSiteAsync();
        await CreateFilesAsync(site, files);

        var backup = await MeasureAsync(site, "backup");
        var verify = await MeasureAsync(site, "verify");

        SoakRun.Tell($"{files} files: backup {backup.Seconds:0.0} s, {backup.Kilobytes / 1000} MB; verify {verify.Seconds:0.0} s, {verify.Kilobytes / 1000} MB");
        Assert.InRange(backup.Kilobytes, 1, PeakMemory.MostKilobytes);
        Assert.InRange(verify.Kilobytes, 1, PeakMemory.MostKilobytes);
        var manifest = Path.Combine(site.Backups[^1], "backup_manifest");
        Assert.Equal(files, File.ReadLines(manifest).Count(line => MadeUpName().IsMatch(line)));
    }

    [GeneratedRegex("\"base/1/5[0-9]{6}\"")]
    private static partial Regex MadeUpName();

    /// <summary>Every 16th has a page, the others nothing: a million pages would only measure the disk.</summary>
    private static Task<ProgramResult> CreateFilesAsync(RepositorySite site, int files) => HandRestore.ShellAsync(
        """
        cd "$1"
        seq "$2" "$3" | xargs touch
        seq "$2" 16 "$3" | xargs truncate --size=8192
        """,
        Path.Combine(site.Cluster.DataDirectory, "base/1"),
        FirstName.ToString(CultureInfo.InvariantCulture),
        (FirstName + files - 1).ToString(CultureInfo.InvariantCulture));

    /// <summary>Seconds, and the peak of its memory.</summary>
    private static async Task<(double Seconds, int Kilobytes)> MeasureAsync(RepositorySite site, string verb)
    {
        var options = new RunOptions { Environment = site.Environment, Timeout = Timeout };
        var (result, peak) = await PeakMemory.RunAsync([verb], options);
        return (result.EnsureSuccess().Elapsed.TotalSeconds, peak);
    }
}
