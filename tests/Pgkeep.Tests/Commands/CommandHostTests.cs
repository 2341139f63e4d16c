using System.Text.Json;
using Pgkeep.Commands;
using Pgkeep.Diagnostics;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Commands;

public sealed class CommandHostTests
{
    [Fact]
    public async Task Exit_code_is_the_commands_own()
    {
        Assert.Equal(3, await new Run().Command(Doing(() => 3)));
    }

    [Fact]
    public async Task Failure_says_what_happened_and_what_to_do()
    {
        var run = new Run();

        var exitCode = await run.Command(Failing(new PgkeepException(ErrorKind.WalMissing, "one\ntwo", "do this", "or that")));

        Assert.Equal(40, exitCode);
        Assert.Equal("error: one\n       two\nhint:  do this\nhint:  or that\n", run.Output.Notes);
        Assert.Empty(run.Output.Result);
    }

    [Fact]
    public async Task Failure_is_one_json_object_on_stdout_where_json_was_asked_for()
    {
        var run = new Run();

        await run.Command(Failing(new PgkeepException(ErrorKind.WalMissing, "one \"x\"", "do this")), "--json");

        Assert.Equal("""{"error":"wal-missing","exit_code":40,"message":"one \"x\"","hints":["do this"]}""" + "\n", run.Output.Result);
        Assert.Empty(run.Output.Notes);
    }

    [Fact]
    public async Task Command_that_the_server_calls_has_exit_codes_of_its_own()
    {
        var command = Failing(new PgkeepException(ErrorKind.WalMissing, "x"), kind => kind == ErrorKind.WalMissing ? 1 : 200);

        Assert.Equal(1, await new Run().Command(command));
        Assert.Equal(200, await new Run().Command(command, "--frobnicate"));
    }

    [Theory]
    [InlineData(false, 200, "--config", "/etc/pgkeep", "get-wal", "000000010000000000000001", "pg_wal/RECOVERYXLOG")]
    [InlineData(true, 200, "get-wall", "000000010000000000000001", "pg_wal/RECOVERYXLOG")]
    [InlineData(true, 200, "000000010000000000000001", "pg_wal/RECOVERYXLOG")]
    [InlineData(false, 2, "get-wall", "000000010000000000000001", "pg_wal/RECOVERYXLOG")]
    public async Task Words_that_a_server_in_recovery_would_take_for_absent_end_its_recovery(bool isInRecovery, int exitCode, params string[] words)
    {
        using var directory = new TemporaryDirectory();
        if (isInRecovery)
        {
            await File.WriteAllTextAsync(directory.PathOf("recovery.signal"), "", TestContext.Current.CancellationToken);
        }

        Assert.Equal(exitCode, await new Run { WorkingDirectory = directory.Path }.Line(words));
    }

    [Fact]
    public async Task Bug_is_told_with_all_that_is_needed_to_find_it_and_without_secrets()
    {
        var run = new Run { Environment = { ["PGPASSWORD"] = "s3cret", ["PGKEEP_CONFIG"] = "/dev/null" } };

        var exitCode = await run.Command(Failing(new InvalidOperationException("oh")), "--port", "6000");

        Assert.Equal(70, exitCode);
        Assert.StartsWith(
            """
            error: this is a bug in pgkeep: InvalidOperationException: oh
                   version: pgkeep 0.1.0
                   command: restore
                   option:  config = /dev/null (environment PGKEEP_CONFIG)
                   option:  port = 6000 (--port)
                   option:  password = <redacted> (environment PGPASSWORD)
                   System.InvalidOperationException: oh
            """,
            run.Output.Notes,
            StringComparison.Ordinal);
        Assert.EndsWith("\nhint:  please report this with all the lines above: nobody has seen it yet\n", run.Output.Notes, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", run.Output.Notes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bug_is_one_json_object_without_secrets()
    {
        var run = new Run { Environment = { ["PGPASSWORD"] = "s3cret" } };

        await run.Command(Failing(new InvalidOperationException("oh")), "--json");

        var json = JsonDocument.Parse(run.Output.Result).RootElement;
        Assert.Equal("bug", json.GetProperty("error").GetString());
        Assert.Equal("<redacted>", json.GetProperty("options").GetProperty("password").GetString());
        Assert.DoesNotContain("s3cret", run.Output.Result, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interruption_is_no_bug()
    {
        using var interruption = new CancellationTokenSource();
        await interruption.CancelAsync();
        var run = new Run { CancellationToken = interruption.Token };

        var exitCode = await run.Command(Failing(new TaskCanceledException()));

        Assert.Equal(75, exitCode);
        Assert.Equal("error: interrupted\n", run.Output.Notes);
    }

    [Fact]
    public async Task Cancellation_that_nobody_asked_for_is_a_bug()
    {
        Assert.Equal(70, await new Run().Command(Failing(new TaskCanceledException())));
    }

    [Theory]
    [InlineData("error: there is no command \"verson\"\nhint:  did you mean version?\n", "verson")]
    [InlineData("error: there is no command \"frobnicate\"\nhint:  pgkeep help lists the commands\n", "frobnicate")]
    [InlineData("error: \"config\" alone is no command\nhint:  choose one of: config show\n", "config")]
    [InlineData("error: there is no command \"config shw\"\nhint:  choose one of: config show\n", "config", "shw")]
    [InlineData("error: \"--quiet\" stands before the command\nhint:  write pgkeep COMMAND [OPTION]...; pgkeep help lists the commands\n", "--quiet", "version")]
    public async Task Words_that_name_no_command_are_explained(string expected, params string[] words)
    {
        var run = new Run();

        Assert.Equal(2, await run.Line(words));
        Assert.Equal(expected, run.Output.Notes);
    }

    [Fact]
    public async Task Names_in_the_file_that_look_like_ours_are_warned_about()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.Write("backup.env", "PGKEEP_COLOR=1\nOTHER=2\n");
        var run = new Run();

        Assert.Equal(0, await run.Line("config", "show", "--config", path));
        Assert.Equal($"warning: {path}:1: PGKEEP_COLOR is not an option: see pgkeep config show\n", run.Output.Notes);
    }

    [Fact]
    public async Task Mistakes_on_the_command_line_and_in_the_file_are_told_together()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.Write("backup.env", "A=$x\nPGPORT=abc\n");
        var run = new Run();

        Assert.Equal(10, await run.Line("config", "show", "--prot", "--config", path));
        Assert.Equal(
            $"""
            error: 3 things are wrong:
                   there is no option --prot
                   {path}:1: A: a "$" would be expanded by a shell
                   port: "abc" is not a whole number from 1 to 65535 ({path}:2)
            hint:  did you mean --port?
            hint:  write the value in single quotes, in which everything is literal: A='…'

            """,
            run.Output.Notes);
    }

    private static Command Doing(Func<int> work, Func<ErrorKind, int>? exitCode = null) => new()
    {
        Name = CommandNames.Restore,
        Summary = "A test",
        ExitCode = exitCode ?? (kind => ErrorKinds.Of(kind).ExitCode),
        RunAsync = (_, _) => Task.FromResult(work()),
    };

    private static Command Failing(Exception exception, Func<ErrorKind, int>? exitCode = null) => Doing(() => throw exception, exitCode);
}
