using Pgkeep.Commands;
using Pgkeep.Options;
using Xunit;

namespace Pgkeep.Tests.Commands;

public sealed class CommandLineParserTests
{
    private static readonly Argument Backup = new("BACKUP", "Backup to take");
    private static readonly Argument Moment = new("TIME", "Moment to restore to", IsRequired: false);

    private static readonly Command Restore = new()
    {
        Name = CommandNames.Restore,
        Summary = "Restore",
        Arguments = [Backup, Moment],
        RunAsync = (_, _) => Task.FromResult(0),
    };

    [Fact]
    public void Options_and_arguments_may_be_mixed()
    {
        var read = Parse("--port", "1", "b1", "--dry-run", "12:30", "--backup-dir=/b");

        Assert.Empty(read.Problems);
        Assert.Equal(["b1"], read.Arguments[Backup]);
        Assert.Equal(["12:30"], read.Arguments[Moment]);
        Assert.Equal(
            new Dictionary<Option, string> { [OptionTable.Port] = "1", [OptionTable.DryRun] = "on", [OptionTable.BackupDir] = "/b" },
            read.Options);
    }

    [Fact]
    public void An_option_that_may_be_repeated_gives_one_line_for_each_value()
    {
        var read = Parse("--tablespace", "16384=/a", "b1", "--tablespace=/x=/b c");

        Assert.Empty(read.Problems);
        Assert.Equal(["b1"], read.Arguments[Backup]);
        Assert.Equal("16384=/a\n/x=/b c", read.Options[OptionTable.Tablespaces]);
    }

    [Fact]
    public void One_of_them_without_a_value_is_a_problem() =>
        Assert.Contains("--tablespace needs a value", Assert.Single(Parse("b1", "--tablespace", "16384=/a", "--tablespace").Problems).Message, StringComparison.Ordinal);

    [Fact]
    public void After_two_dashes_everything_is_an_argument()
    {
        var read = Parse("--", "--dry-run", "-x");

        Assert.Empty(read.Problems);
        Assert.Equal(["--dry-run"], read.Arguments[Backup]);
        Assert.Equal(["-x"], read.Arguments[Moment]);
    }

    [Theory]
    [InlineData("restore")]
    [InlineData("pgkeep")]
    [InlineData("/usr/bin/pgkeep")]
    [InlineData("@file")]
    [InlineData("[suggest]")]
    [InlineData("-")]
    public void No_word_is_special(string word)
    {
        var read = Parse(word);

        Assert.Empty(read.Problems);
        Assert.Equal([word], read.Arguments[Backup]);
    }

    [Theory]
    [InlineData("-5min")]
    [InlineData("2025-01-08 12:30:00")]
    [InlineData("a=b")]
    public void Value_of_an_option_is_taken_as_it_is(string value)
    {
        Assert.Equal(value, Parse("b1", "--target-time", value).Options[OptionTable.TargetTime]);
    }

    [Theory]
    [InlineData("there is no option --prot", "did you mean --port?", "b1", "--prot", "1")]
    [InlineData("there is no option --prot", "did you mean --port?", "b1", "--prot=1")]
    [InlineData("there is no option --frobnicate", "pgkeep help restore lists the options", "--frobnicate", "b1")]
    [InlineData("there is no option --v", "pgkeep help restore lists the options", "b1", "-v")]
    [InlineData("there is no option --pasword", "did you mean PGPASSWORD? It is set in the environment or in /etc/postgresql/backup.env", "b1", "--pasword=x")]
    [InlineData(
        "--password is not taken from the command line, where every account of the machine can read it",
        "set PGPASSWORD in /etc/postgresql/backup.env (mode 0600), or use a passfile",
        "b1",
        "--password",
        "s3cret")]
    [InlineData("pgkeep restore does not take --cron-time", "it belongs to: cron install", "b1", "--cron-time", "x")]
    [InlineData("--port needs a value: --port N", null, "b1", "--port")]
    [InlineData("--port is given more than once", null, "b1", "--port", "1", "--port", "2")]
    [InlineData("--yes is given more than once", null, "b1", "--yes", "--yes")]
    [InlineData("--yes takes no value", null, "b1", "--yes=off")]
    [InlineData("BACKUP is missing: Backup to take", "usage: pgkeep restore BACKUP [TIME] [OPTION]...")]
    [InlineData("\"c\" is one word too many", "usage: pgkeep restore BACKUP [TIME] [OPTION]...", "a", "b", "c")]
    public void Mistake_is_explained(string message, string? hint, params string[] words)
    {
        var problem = Assert.Single(Parse(words).Problems);

        Assert.Equal((SourceKind.CommandLine, message, hint), (problem.Source, problem.Message, problem.Hint));
    }

    private static ParsedCommandLine Parse(params string[] words) => CommandLineParser.Parse(Restore, words);
}
