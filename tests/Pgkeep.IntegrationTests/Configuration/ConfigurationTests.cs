using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Configuration;

public sealed class ConfigurationTests : IntegrationTest
{
    [Fact]
    public async Task Without_any_configuration_the_error_names_the_default_and_says_that_it_is_one()
    {
        Assert.SkipWhen(Directory.Exists("/var/backups/postgresql") || File.Exists("/etc/postgresql/backup.env"), "this machine has a configuration of its own");

        var result = await PgkeepBinary.RunAsync(["backup"]);

        Assert.Equal(11, result.ExitCode);
        Assert.Contains("/var/backups/postgresql", result.Stderr, StringComparison.Ordinal);
        Assert.Contains("default", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_error_tells_which_line_of_the_file_names_a_missing_repository()
    {
        var file = await WriteAsync("# where\nBACKUP_DIR=/no/such/repository\n");

        var result = await PgkeepBinary.RunAsync(["backup", "--config", file]);

        Assert.Equal(11, result.ExitCode);
        Assert.Contains($"{file}:2", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_named_file_that_is_missing_is_an_error()
    {
        var result = await PgkeepBinary.RunAsync(["backup", "--config", "/no/such/backup.env"]);

        Assert.Equal(10, result.ExitCode);
        Assert.Contains("/no/such/backup.env", result.Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0640")]
    [InlineData("0604")]
    [InlineData("0660")]
    public async Task A_password_in_a_file_that_others_can_open_is_refused(string mode)
    {
        var file = await WriteAsync("PGPASSWORD=secret\n", mode);

        var result = await PgkeepBinary.RunAsync(["backup", "--config", file]);

        Assert.Equal(10, result.ExitCode);
        Assert.Contains($"chmod 0600 {file}", result.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", result.Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("BACKUP_DIR=$(touch CANARY)")]
    [InlineData("BACKUP_DIR=\"$(touch CANARY)\"")]
    [InlineData("BACKUP_DIR=`touch CANARY`")]
    [InlineData("BACKUP_DIR=/tmp; touch CANARY")]
    [InlineData("touch CANARY")]
    [InlineData("BACKUP_DIR='/tmp")]
    [InlineData("BACKUP_DIR=\"/tmp")]
    [InlineData("BACKUP_DIR=/tmp & touch CANARY")]
    [InlineData("BACKUP_DIR=/tmp >CANARY")]
    public async Task What_only_a_shell_could_do_is_refused_with_its_line_and_not_done(string line)
    {
        var canary = (await GetWorkspaceAsync()).PathOf("canary");
        var file = await WriteAsync("# first line\n" + line.Replace("CANARY", canary, StringComparison.Ordinal) + "\n");

        var result = await PgkeepBinary.RunAsync(["backup", "--config", file]);

        Assert.Equal(10, result.ExitCode);
        Assert.Contains($"{file}:2:", result.Stderr, StringComparison.Ordinal);
        Assert.False(File.Exists(canary));
    }

    [Fact]
    public async Task Exports_quotes_and_comments_are_understood()
    {
        var workspace = await GetWorkspaceAsync();
        var repository = await workspace.CreateDirectoryAsync("with 'quote and blank");
        var file = await WriteAsync($"# comment\n\nexport BACKUP_DIR=\"{repository}\" # where\nPGHOST='{workspace.Root}'\n  export PGPORT=1\n");

        var result = await PgkeepBinary.RunAsync(["config", "show", "--config", file]);

        Assert.Contains(repository, result.EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Contains($"{file}:5", result.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_configures_a_whole_backup()
    {
        var workspace = await GetWorkspaceAsync();
        var repository = await workspace.CreateDirectoryAsync("my backups");
        var file = workspace.PathOf("backup.env");
        var cluster = await StartClusterAsync(
            PostgresServers.Newest,
            new ServerOptions { Password = "it's $ecret", WalSegmentSizeInMiB = 1, ArchiveCommand = $"{PgkeepBinary.FilePath} archive-wal --config {file} %p %f" });
        await WriteAsync($"export BACKUP_DIR='{repository}'\nPGHOST=127.0.0.1\nPGPORT={cluster.Port} # TCP\nPGUSER=\"postgres\"\nPGPASSWORD='it'\\''s $ecret'\n");

        (await PgkeepBinary.RunAsync(["backup", "--config", file])).EnsureSuccess();

        Assert.Single(Directory.EnumerateDirectories(repository, "backup_*"));
    }

    [Fact]
    public async Task A_file_of_another_account_is_an_error_with_the_way_out()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to make a file of another account");
        var file = await WriteAsync("BACKUP_DIR=/tmp\n");
        (await TestAccount.RunAsync("rm", [file])).EnsureSuccess();
        await File.WriteAllTextAsync(file, "BACKUP_DIR=/tmp\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        var result = await PgkeepBinary.RunAsync(["backup", "--config", file]);

        Assert.Equal(30, result.ExitCode);
        Assert.Contains("hint:", result.Stderr, StringComparison.Ordinal);
    }

    private async Task<string> WriteAsync(string text, string mode = "0600") => await (await GetWorkspaceAsync()).WriteFileAsync("backup.env", text, mode);
}
