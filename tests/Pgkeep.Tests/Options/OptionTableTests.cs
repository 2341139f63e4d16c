using Pgkeep.Commands;
using Pgkeep.Options;
using Xunit;

namespace Pgkeep.Tests.Options;

public sealed class OptionTableTests
{
    public static TheoryData<string> Names => [.. OptionTable.All.Select(option => option.Name)];

    [Fact]
    public void Names_are_unique()
    {
        Assert.Equal(OptionTable.All.Count, OptionTable.All.Select(option => option.Name).Distinct().Count());
    }

    [Fact]
    public void Environment_names_are_unique()
    {
        var names = OptionTable.Configurable.Select(option => option.EnvironmentName).ToList();

        Assert.Equal(names.Count, names.Distinct().Count());
    }

    [Fact]
    public void Every_row_stands_in_a_group()
    {
        var rows = typeof(OptionTable).GetProperties().Where(property => property.PropertyType.IsSubclassOf(typeof(Option)));

        Assert.Equal(rows.Select(row => row.GetValue(null)).Cast<Option>().ToHashSet(), OptionTable.All.ToHashSet());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Name_is_lower_case_words_with_dashes(string name)
    {
        Assert.Matches("^[a-z]+(-[a-z]+)*$", name);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Summary_is_one_line_without_a_full_stop(string name)
    {
        var option = Find(name);

        Assert.NotEmpty(option.Summary);
        Assert.False(option.Summary.EndsWith('.'));
        Assert.InRange(option.Summary.Length, 10, 90);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Default_passes_its_own_codec_or_is_described(string name)
    {
        var option = Find(name);

        Assert.True(option.Default is null ^ option.ComputedAs is null);
        if (option.Default is { } text)
        {
            Assert.NotNull(option.ParseUntyped(text));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Example_passes_its_own_codec(string name)
    {
        var option = Find(name);

        Assert.NotNull(option.ParseUntyped(option.Example ?? option.Default ?? ""));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Option_belongs_to_a_command_by_a_name_that_exists(string name)
    {
        var names = typeof(CommandNames).GetFields().Select(field => (string)field.GetRawConstantValue()!).ToList();

        var commands = Find(name).Commands;

        Assert.NotEmpty(commands);
        Assert.Equal(commands.Count, commands.Distinct().Count());
        Assert.All(commands, command => Assert.Contains(command, names));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Option_that_the_environment_cannot_set_comes_from_the_command_line_only(string name)
    {
        var option = Find(name);

        Assert.True(option.EnvironmentName is not null || option.Sources == SourceKind.CommandLine);
    }

    [Fact]
    public void Where_the_archive_is_depends_on_an_option_that_every_command_with_it_takes()
    {
        Assert.All(OptionTable.WalArchiveDir.Commands, command => Assert.Contains(command, OptionTable.BackupDir.Commands));
    }

    [Fact]
    public void Secrets_are_not_taken_from_the_command_line()
    {
        Assert.All(OptionTable.All.Where(option => option.IsSecret), option => Assert.False(option.MayComeFrom(SourceKind.CommandLine)));
    }

    [Fact]
    public void Names_of_the_runbook_are_kept()
    {
        HashSet<string?> names = ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "BACKUP_DIR", "WAL_ARCHIVE_DIR", "RETENTION_DAYS", "CRON_TIME"];

        Assert.Superset(names, OptionTable.Configurable.Select(option => option.EnvironmentName).ToHashSet());
    }

    private static Option Find(string name) => OptionTable.All.Single(option => option.Name == name);
}
