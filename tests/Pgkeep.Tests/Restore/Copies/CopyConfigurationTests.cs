using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Restore.Copies;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore.Copies;

public sealed class CopyConfigurationTests : IDisposable
{
    private static readonly Account Owner = Account.Find(Account.CurrentUserId)!;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_cluster_s_own_files_count_no_more_and_stay_beside()
    {
        _directory.Write("postgresql.conf", "archive_command = 'x'\n");
        _directory.Write("postgresql.auto.conf", "shared_preload_libraries = 'y'\n");

        Write();

        Assert.Equal("archive_command = 'x'\n", File.ReadAllText(_directory.PathOf("postgresql.conf.original")));
        Assert.Equal("shared_preload_libraries = 'y'\n", File.ReadAllText(_directory.PathOf("postgresql.auto.conf.original")));
        Assert.False(File.Exists(_directory.PathOf("postgresql.auto.conf")));
    }

    [Theory]
    [InlineData("port", "5999")]
    [InlineData("listen_addresses", "")]
    [InlineData("archive_mode", "off")]
    [InlineData("archive_command", "")]
    [InlineData("shared_preload_libraries", "")]
    [InlineData("session_preload_libraries", "")]
    [InlineData("max_logical_replication_workers", "0")]
    [InlineData("synchronous_standby_names", "")]
    [InlineData("primary_conninfo", "")]
    [InlineData("max_connections", "300")]
    [InlineData("max_locks_per_transaction", "64")]
    public void A_setting_is_the_copy_s(string name, string value)
    {
        Write();

        Assert.Contains((name, value), Settings());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Autovacuum_is_off_only_where_nothing_is_to_work_by_itself(bool isIdle)
    {
        Write(isIdle);

        Assert.Equal(isIdle, Settings().Contains(("autovacuum", "off")));
    }

    [Fact]
    public void Nobody_gets_in_from_outside()
    {
        Write();

        var rules = File.ReadLines(_directory.PathOf("pg_hba.conf")).Where(line => !line.StartsWith('#'));
        Assert.All(rules, rule => Assert.StartsWith("local ", rule, StringComparison.Ordinal));
    }

    private IReadOnlyList<(string Name, string Value)> Settings() => [.. RecoveryTargetSettings.ParseFile(File.ReadAllText(_directory.PathOf("postgresql.conf")))];

    private void Write(bool isIdle = false) =>
        new CopyConfiguration(_directory.Path, Owner) { Port = 5999, IsIdle = isIdle }.Write(ServerLimits.Default.Or(new ServerLimits(300, 0, 0, 0, 10)));
}
