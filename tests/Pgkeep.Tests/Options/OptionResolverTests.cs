using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Options.EnvironmentFiles;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Options;

public sealed class OptionResolverTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Dictionary<Option, string> _commandLine = [];
    private readonly Dictionary<string, string> _environment = [];
    private string _file = "";

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Command_line_wins_over_all()
    {
        _commandLine[OptionTable.RetentionDays] = "3";
        _environment["RETENTION_DAYS"] = "4";
        _file = "RETENTION_DAYS=5";

        Assert.Equal((3, "--retention-days"), Resolve(OptionTable.RetentionDays));
    }

    [Fact]
    public void Environment_wins_over_the_file()
    {
        _environment["RETENTION_DAYS"] = "4";
        _file = "RETENTION_DAYS=5";

        Assert.Equal((4, "environment RETENTION_DAYS"), Resolve(OptionTable.RetentionDays));
    }

    [Fact]
    public void File_wins_over_the_default_and_remembers_its_line()
    {
        _file = "# head\nRETENTION_DAYS=5";

        Assert.Equal((5, $"{_directory.Path}/backup.env:2"), Resolve(OptionTable.RetentionDays));
    }

    [Fact]
    public void Default_holds_where_nobody_said_anything()
    {
        Assert.Equal((7, "default"), Resolve(OptionTable.RetentionDays));
    }

    [Fact]
    public void Archive_lies_below_the_backups_when_it_lies_nowhere_else()
    {
        _environment["BACKUP_DIR"] = "/mnt/b";

        var values = ResolveAll(OptionTable.WalArchiveDir, OptionTable.BackupDir);

        Assert.Equal("/mnt/b/wal_archive", values.Get(OptionTable.WalArchiveDir));
        Assert.False(values.IsSet(OptionTable.WalArchiveDir));
    }

    [Theory]
    [InlineData("BACKUP_DIR")]
    [InlineData("PGHOST")]
    [InlineData("PGPASSWORD")]
    public void Nothing_counts_as_not_set(string name)
    {
        _environment[name] = "";
        _file = $"{name}=";
        var option = OptionTable.All.Single(option => option.EnvironmentName == name);

        Assert.Equal("default", ResolveAll(option).Find(option).Source.Description);
    }

    [Fact]
    public void Nothing_in_the_environment_lets_the_file_speak()
    {
        _environment["PGHOST"] = "";
        _file = "PGHOST=db1";

        Assert.Equal("db1", ResolveAll(OptionTable.Host).Get(OptionTable.Host));
    }

    [Fact]
    public void Absent_value_is_null()
    {
        Assert.Null(ResolveAll(OptionTable.Host).Get(OptionTable.Host));
    }

    [Theory]
    [InlineData("PGKEEP_CONFIG")]
    [InlineData("YES")]
    public void File_cannot_say_what_it_may_not(string name)
    {
        _file = $"{name}=/elsewhere";

        Assert.DoesNotContain(ResolveAll(OptionTable.Config, OptionTable.Yes).All, value => !value.IsDefault);
    }

    [Fact]
    public void All_problems_are_told_together_with_their_sources()
    {
        _commandLine[OptionTable.Port] = "abc";
        _environment["RETENTION_DAYS"] = "0";
        _file = "BACKUP_DIR=backups\nPGKEEP_MAX_WAL_LAG=10";

        var exception = Assert.Throws<PgkeepException>(
            () => ResolveAll(OptionTable.Port, OptionTable.RetentionDays, OptionTable.BackupDir, OptionTable.WalArchiveDir, OptionTable.MaxWalLag));

        Assert.Equal(ErrorKind.Configuration, exception.Kind);
        Assert.Equal(
            $"""
            4 things are wrong:
            port: "abc" is not a whole number from 1 to 65535 (--port)
            retention-days: "0" is not a whole number from 1 to 36500 (environment RETENTION_DAYS)
            backup-dir: "backups" is not an absolute path ({_directory.Path}/backup.env:1)
            max-wal-lag: "10" is not a time with its unit (ms, s, min, h, d), such as 10min, at least 1s ({_directory.Path}/backup.env:2)
            """,
            exception.Message);
    }

    [Fact]
    public void Wrong_command_line_alone_is_an_error_of_usage()
    {
        _commandLine[OptionTable.Port] = "abc";

        Assert.Equal(ErrorKind.Usage, Assert.Throws<PgkeepException>(() => ResolveAll(OptionTable.Port)).Kind);
    }

    [Fact]
    public void Secret_is_redacted_wherever_it_is_shown()
    {
        _environment["PGPASSWORD"] = "s3cret";

        var value = ResolveAll(OptionTable.Password).Find(OptionTable.Password);

        Assert.DoesNotContain("s3cret", value.ToString(), StringComparison.Ordinal);
        Assert.Equal("<redacted>", value.Text);
    }

    [Fact]
    public void Option_that_the_command_does_not_take_is_our_own_mistake()
    {
        Assert.Throws<System.Diagnostics.UnreachableException>(() => ResolveAll(OptionTable.Port).Get(OptionTable.Host));
    }

    private (int Value, string Source) Resolve(Option<int> option)
    {
        var values = ResolveAll(option);
        return (values.Get(option), values.Find(option).Source.Description);
    }

    private OptionValues ResolveAll(params Option[] options)
    {
        var file = EnvironmentFile.Read(_directory.Write("backup.env", _file), mustExist: true);
        var resolver = new OptionResolver(_commandLine, _environment.GetValueOrDefault, () => "/work");
        var values = resolver.Resolve(options, file);
        resolver.Problems.ThrowIfAny();
        return values;
    }
}
