using Pgkeep.Postgres.Cluster;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Postgres.Cluster;

public sealed class RecoveryTargetSettingsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("recovery_target_time = '2026-11-23 12:00:00+00'", true)]
    [InlineData("  Recovery_Target_LSN '0/880000' # there", true)]
    [InlineData("recovery_target=immediate", true)]
    [InlineData("recovery_target_name = 'it''s'", true)]
    [InlineData("recovery_target_xid = 731", true)]
    [InlineData("recovery_target_timeline = '2'", true)]
    [InlineData("recovery_target_timeline = 2 # not 3", true)]
    [InlineData("recovery_target_timeline = 'latest'", false)]
    [InlineData("recovery_target_timeline = 'current'", false)]
    [InlineData("recovery_target_time = ''", false)]
    [InlineData("#recovery_target_time = '2026-11-23 12:00:00+00'", false)]
    [InlineData("recovery_target_action = 'promote'\nrecovery_target_inclusive = on", false)]
    [InlineData("recovery_target_time = '2026-11-23'\nrecovery_target_time = ''", false)]
    [InlineData("include 'more.conf'\nprimary_conninfo = 'host=a recovery_target_time=''b''", false)]
    [InlineData("", false)]
    public async Task A_target_or_the_number_of_a_timeline_counts(string settings, bool isSet)
    {
        await WriteAsync("postgresql.conf", settings + "\n");

        Assert.Equal(isSet, RecoveryTargetSettings.AreSet(_directory.Path));
    }

    [Theory]
    [InlineData("", "", true)]
    [InlineData("recovery_target_time = ''", "", false)]
    [InlineData("", "\"-c\" \"recovery_target_time=\"", false)]
    [InlineData("recovery_target_time = ''", "\"--recovery-target-time=2026-11-23\"", true)]
    [InlineData("", "\"-cconfig_file=other.conf\"", false)]
    [InlineData("", "\"-D\" \"/data\" \"-c\" \"config_file=third.conf\"", true)]
    public async Task The_command_line_comes_before_the_automatic_file_and_that_before_the_other(string automatic, string words, bool isSet)
    {
        await WriteAsync("postgresql.conf", "recovery_target_time = '2026-11-23'\n");
        await WriteAsync("third.conf", "recovery_target_timeline = 3\n");
        await WriteAsync("postgresql.auto.conf", automatic);
        await WriteAsync("postmaster.opts", $"/usr/lib/postgresql/15/bin/postgres {words}\n");

        Assert.Equal(isSet, RecoveryTargetSettings.AreSet(_directory.Path));
    }

    [Fact]
    public void Where_nothing_can_be_read_nobody_knows() => Assert.False(RecoveryTargetSettings.AreSet(_directory.PathOf("nowhere")));

    private Task WriteAsync(string name, string text) => File.WriteAllTextAsync(_directory.PathOf(name), text, TestContext.Current.CancellationToken);
}
