using Pgkeep.Commands;
using Pgkeep.Output;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Commands;

/// <summary>What a person sees, as a person has approved it.</summary>
public sealed class ApprovedOutputTests
{
    /// <summary>Wider than the path of the file, whose length the machine decides.</summary>
    private const string LongPath = "/mnt/backups/of-the-production-cluster/on-another-machine";

    public static TheoryData<string> Commands => [.. CommandList.All.Select(command => command.Name)];

    [Fact]
    public async Task Help()
    {
        Approved.Check("tests/Pgkeep.Tests/Commands/Approved/help.txt", await ResultAsync(new Run(), "help"));
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("")]
    public async Task Help_is_found_in_more_than_one_way(string words)
    {
        Assert.Equal(await ResultAsync(new Run(), "help"), await ResultAsync(new Run(), words));
    }

    [Fact]
    public async Task Help_of_a_command()
    {
        var help = await ResultAsync(new Run(), "help config show");

        Approved.Check("tests/Pgkeep.Tests/Commands/Approved/help-config-show.txt", help);
        Assert.Equal(help, await ResultAsync(new Run(), "config show --help"));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task No_line_of_help_is_too_wide(string command)
    {
        var help = await ResultAsync(new Run(), $"help {command}");

        Assert.All(help.Split('\n'), line => Assert.InRange(line.Length, 0, TextWrap.Width));
    }

    [Fact]
    public async Task Config_show()
    {
        Approved.Check("tests/Pgkeep.Tests/Commands/Approved/config-show.txt", await ShowAsync("config show"));
    }

    [Fact]
    public async Task Config_show_as_json()
    {
        var json = await ShowAsync("config show --json");

        Approved.Check("tests/Pgkeep.Tests/Commands/Approved/config-show.json", json);
        Assert.Equal(1, json.Count(character => character == '\n'));
    }

    [Theory]
    [InlineData("version", "pgkeep 0.1.0\n")]
    [InlineData("--version", "pgkeep 0.1.0\n")]
    [InlineData("version --json", "{\"version\":\"0.1.0\"}\n")]
    public async Task Version(string words, string expected)
    {
        Assert.Equal(expected, await ResultAsync(new Run(), words));
    }

    private static async Task<string> ShowAsync(string words)
    {
        using var directory = new TemporaryDirectory();
        var path = directory.Write("backup.env", $"PGUSER=platform\nPGPASSWORD=s3cret\nRETENTION_DAYS=14\nBACKUP_DIR={LongPath}\nPGKEEP_JOBS=2\n"); // its default is this machine's
        var run = new Run { Environment = { ["PGHOST"] = "db1", ["PGKEEP_CONFIG"] = path } };

        var result = await ResultAsync(run, words + " --retention-days 3");

        Assert.DoesNotContain("s3cret", result, StringComparison.Ordinal);
        return result
            .Replace(path + ":", "backup.env:", StringComparison.Ordinal)
            .Replace(path + "\"", "backup.env\"", StringComparison.Ordinal)
            .Replace(path, "backup.env".PadRight(path.Length), StringComparison.Ordinal);
    }

    private static async Task<string> ResultAsync(Run run, string words)
    {
        Assert.Equal(0, await run.Line(words.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Empty(run.Output.Notes);
        return run.Output.Result;
    }
}
