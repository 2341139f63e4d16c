using Pgkeep.Postgres.Cluster.Service;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Postgres.Cluster.Service;

/// <summary>With a program in systemctl's place that answers as systemctl does and writes down what it was asked to do.</summary>
public sealed class SystemdServiceTests : IDisposable
{
    private readonly TemporaryDirectory _place = new();

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData("0::/system.slice/postgresql-16.service\n", "postgresql-16.service")]
    [InlineData("12:cpu:/\n0::/system.slice/system-postgresql.slice/postgresql@15-main.service\n", "postgresql@15-main.service")]
    [InlineData("0::/user.slice/user-1000.slice/session-3.scope\n", null)]
    [InlineData("0::/\n", null)]
    [InlineData("", null)]
    public void A_control_group_names_the_unit_and_a_session_is_none(string groups, string? unit) => Assert.Equal(unit, SystemdService.UnitOf(groups));

    [Fact]
    public async Task A_stopped_server_s_unit_is_the_one_whose_environment_names_its_data_directory()
    {
        var systemctl = Fake("""
            case $1 in
            list-unit-files) echo 'postgresql-15.service enabled enabled'; echo 'postgresql@.service static -'; echo 'postgresql-16.service disabled enabled' ;;
            show) [ "$5" = postgresql-16.service ] && echo "PGDATA=/pgdata/16/ PG_OOM=0" || echo "PGDATA=/pgdata/15/" ;;
            *) echo "$@" >>"$(dirname "$0")/asked" ;;
            esac
            """);

        var service = await SystemdService.FindAsync(systemctl, "/pgdata/16", processId: null, CancellationToken.None);
        await service!.StopAsync();
        await service.StartAsync("", []);

        Assert.Equal("systemd (postgresql-16.service)", service.Name);
        Assert.Equal("stop postgresql-16.service\nstart postgresql-16.service\n", await File.ReadAllTextAsync(_place.PathOf("asked"), CancellationToken.None));
        Assert.Null(await SystemdService.FindAsync(systemctl, "/pgdata/17", processId: null, CancellationToken.None));
    }

    /// <summary>This process may itself run in the group of some service, and must never be taken for it.</summary>
    [Fact]
    public async Task A_process_that_is_not_the_main_one_of_its_service_has_no_unit()
    {
        var systemctl = Fake("echo 1");

        Assert.Null(await SystemdService.FindAsync(systemctl, "/pgdata/16", Environment.ProcessId, CancellationToken.None));
    }

    private string Fake(string script)
    {
        var path = _place.PathOf("systemctl");
        File.WriteAllText(path, "#!/bin/sh\n" + script.ReplaceLineEndings("\n") + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
