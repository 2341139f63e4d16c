using Pgkeep.Diagnostics;
using Pgkeep.Output;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Output;

public sealed class ConfirmationTests
{
    [Theory]
    [InlineData("restore")]
    [InlineData(" restore ")]
    public async Task Word_confirms(string answer)
    {
        var output = new RecordingOutput { CanAsk = true, Answer = answer };

        await new Confirmation(output, isGiven: false).RequireAsync("restore", TestContext.Current.CancellationToken);

        Assert.Equal("Type restore to go on, anything else to leave all as it is: ", output.Notes);
    }

    [Theory]
    [InlineData("y")]
    [InlineData("yes")]
    [InlineData("Restore")]
    [InlineData("")]
    [InlineData(null)]
    public async Task Anything_else_does_not(string? answer)
    {
        var confirmation = new Confirmation(new RecordingOutput { CanAsk = true, Answer = answer }, isGiven: false);

        var exception = await Assert.ThrowsAsync<PgkeepException>(() => confirmation.RequireAsync("restore", TestContext.Current.CancellationToken));

        Assert.Equal(ErrorKind.NotConfirmed, exception.Kind);
    }

    [Fact]
    public async Task Interrupted_question_leaves_the_line()
    {
        using var interruption = new CancellationTokenSource();
        await interruption.CancelAsync();
        var output = new RecordingOutput { CanAsk = true, Answer = "restore" };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Confirmation(output, isGiven: false).RequireAsync("restore", interruption.Token));

        Assert.EndsWith("as it is: \n", output.Notes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_terminal_nobody_is_asked()
    {
        var output = new RecordingOutput { CanAsk = false, Answer = "restore" };
        var confirmation = new Confirmation(output, isGiven: false);

        var exception = await Assert.ThrowsAsync<PgkeepException>(() => confirmation.RequireAsync("restore", TestContext.Current.CancellationToken));

        Assert.Equal(ErrorKind.NotConfirmed, exception.Kind);
        Assert.Equal(["say --yes to do it without a question"], exception.Hints);
        Assert.Empty(output.Notes);
    }

    [Fact]
    public async Task Yes_on_the_command_line_is_an_answer()
    {
        var output = new RecordingOutput();

        await new Confirmation(output, isGiven: true).RequireAsync("restore", TestContext.Current.CancellationToken);

        Assert.Empty(output.Notes);
    }
}
