using Pgkeep.Commands.Walk;
using Pgkeep.Diagnostics;
using Pgkeep.Output;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Commands.Walk;

public sealed class FindWalkTests
{
    [Theory]
    [InlineData("pgkeep restore --target-xid 88120433 --target-exclusive --backup-dir /var/lib/postgresql/backups", "\r")]
    [InlineData("pgkeep restore --target-xid 88120435 --target-exclusive --backup-dir /var/lib/postgresql/backups", "jj\r")]
    [InlineData("pgkeep restore --target-xid 88120436 --backup-dir /var/lib/postgresql/backups", "G", "\t", "\r")]
    [InlineData("pgkeep restore --target-xid 88120434 --target-exclusive --backup-dir /var/lib/postgresql/backups", "\e", "[B", "\r")]
    public void Enter_chooses_the_moment_under_the_cursor(string command, params string[] typed)
    {
        var screen = new ScriptedScreen(typed);

        Assert.Equal(command, Run(screen));
        Assert.True(screen.IsOver);
    }

    [Theory]
    [InlineData("q")]
    [InlineData("\e", "")]
    public void Leaving_chooses_nothing(params string[] typed)
    {
        var screen = new ScriptedScreen(typed);

        Assert.Null(Run(screen));
        Assert.True(screen.IsOver);
    }

    [Fact]
    public void Enter_where_nothing_can_be_restored_stays()
    {
        Assert.Null(Run(new ScriptedScreen("\r", "q"), new WalkState([SampleMoments.RolledBack], 0)));
    }

    [Fact]
    public void Control_C_interrupts_and_gives_the_terminal_back()
    {
        var screen = new ScriptedScreen("\u0003");

        var exception = Assert.Throws<PgkeepException>(() => Run(screen));

        Assert.Equal(ErrorKind.Interrupted, exception.Kind);
        Assert.True(screen.IsOver);
    }

    [Fact]
    public void Signal_interrupts_and_gives_the_terminal_back()
    {
        using var signal = new CancellationTokenSource();
        var screen = new ScriptedScreen("", "", "") { OnRead = signal.Cancel };

        Assert.ThrowsAny<OperationCanceledException>(() => RunUntil(screen, null, signal.Token));
        Assert.True(screen.IsOver);
    }

    [Fact]
    public void Failure_gives_the_terminal_back()
    {
        var screen = new ScriptedScreen();

        Assert.Throws<IOException>(() => Run(screen));
        Assert.True(screen.IsOver);
    }

    [Fact]
    public void Window_of_another_size_is_drawn_anew()
    {
        ScriptedScreen? screen = null;
        screen = new ScriptedScreen("", "", "q") { OnRead = () => screen!.Size = new ScreenSize(40, 10) };

        Run(screen);

        Assert.Equal([24, 10], screen.Shown.Select(lines => lines.Count));
    }

    private static string? Run(ScriptedScreen screen, WalkState? state = null) => RunUntil(screen, state, TestContext.Current.CancellationToken);

    private static string? RunUntil(ScriptedScreen screen, WalkState? state, CancellationToken signal) =>
        FindWalk.Run(new RecordingOutput { Screen = screen }, new WalkScreen(Palette.Plain, "", null), state ?? new WalkState(SampleMoments.Of(4), 0), signal);
}
