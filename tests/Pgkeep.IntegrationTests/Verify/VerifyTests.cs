using Pgkeep.IntegrationTests.Harness;
using Pgkeep.IntegrationTests.Restore;
using Xunit;

namespace Pgkeep.IntegrationTests.Verify;

public sealed class VerifyTests : IntegrationTest, IClassFixture<StoppedSite>
{
    private readonly StoppedSite _stopped;

    public VerifyTests(StoppedSite stopped) => _stopped = stopped;

    private RestoreSite Site => _stopped.Site;

    [Theory]
    [InlineData("latest")]
    [InlineData("path")]
    [InlineData("path/")]
    public async Task A_sound_backup_is_sound(string way)
    {
        var result = await Site.RunAsync(["verify", way == "latest" ? way : way == "path" ? Site.Latest : Site.Latest + "/"]);

        Assert.Contains($"{Path.GetFileName(Site.Latest)} is sound", result.EnsureSuccess().Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_written_into_the_backup_s_directory()
    {
        var before = await ListAsync();

        (await Site.RunAsync(["verify"])).EnsureSuccess();

        Assert.Equal(before, await ListAsync());
    }

    [Fact]
    public async Task Every_damaged_file_is_named()
    {
        var repository = await Site.CopyRepositoryAsync($"verify-{Guid.NewGuid():N}");
        var backup = Path.Combine(repository, Path.GetFileName(Site.Latest));
        foreach (var file in new[] { "base.tar.gz", "backup_metadata.json" })
        {
            await using var stream = new FileStream(Path.Combine(backup, file), FileMode.Open);
            stream.Position = 20;
            stream.WriteByte(0);
        }

        File.Delete(Path.Combine(backup, "pg_wal.tar.gz"));

        var result = await Site.RunAsync(["verify", "--backup-dir", repository]);

        result.EnsureExitCode(16);
        Assert.Contains("base.tar.gz\" is damaged", result.Stderr, StringComparison.Ordinal);
        Assert.Contains("backup_metadata.json\" is damaged", result.Stderr, StringComparison.Ordinal);
        Assert.Contains("pg_wal.tar.gz\" is missing", result.Stderr, StringComparison.Ordinal);
    }

    private async Task<string> ListAsync() =>
        (await TestAccount.RunAsync("find", [Site.Latest, "-printf", "%p %s %T@ %C@\n"])).EnsureSuccess().Stdout;
}
