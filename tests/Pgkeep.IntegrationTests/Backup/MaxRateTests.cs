using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

public sealed class MaxRateTests : BackupTest
{
    [Fact]
    public async Task A_limited_backup_takes_as_long_as_its_bytes_need()
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();

        var result = (await site.BackupAsync("--max-rate", "6MB")).EnsureSuccess();

        Assert.InRange(result.Elapsed, TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(60)); // an empty cluster has more than 20 MB
    }

    [Fact]
    public async Task A_signal_ends_a_backup_that_waits_for_its_rate()
    {
        var site = await StartSiteAsync();
        await site.SwitchAndArchiveAsync();
        await using var backup = PgkeepBinary.Start(["backup", "--max-rate", "10kB"], new RunOptions { Environment = site.Environment });
        await Poll.UntilAsync(
            () => Directory.EnumerateDirectories(site.Repository, ".backup_*").Any(directory => File.Exists(Path.Combine(directory, "base.tar.gz"))),
            "the backup copies files");

        backup.Send(Signal.Terminate);
        var result = await backup.WaitAsync();

        Assert.Equal(75, result.ExitCode);
        Assert.Empty(RepositoryNames.LeftoversIn(site.Repository));
    }
}
