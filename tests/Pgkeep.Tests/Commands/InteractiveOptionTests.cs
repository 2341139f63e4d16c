using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Commands;

public sealed class InteractiveOptionTests
{
    [Fact]
    public async Task Without_a_terminal_it_is_refused_before_anything_is_read()
    {
        var run = new Run();

        Assert.Equal(2, await run.Line("find", "--xid", "1000", "--interactive", "--backup-dir", "/nowhere"));
        Assert.Contains("--interactive needs a terminal on stdin and stdout", run.Output.Notes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Together_with_json_it_is_refused()
    {
        var run = new Run { Output = new RecordingOutput { Screen = new ScriptedScreen() } };

        Assert.Equal(2, await run.Line("find", "--xid", "1000", "--interactive", "--json", "--backup-dir", "/nowhere"));
        Assert.Contains("--interactive is for a person and --json for a program", run.Output.Notes + run.Output.Result, StringComparison.Ordinal);
    }
}
