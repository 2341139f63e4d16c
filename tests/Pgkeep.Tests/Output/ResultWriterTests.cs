using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Output;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Output;

public sealed class ResultWriterTests
{
    [Fact]
    public void Result_that_cannot_be_written_is_a_failure_and_told_once()
    {
        using var stream = new FullStream();
        var writer = new ResultWriter(() => stream);
        writer.WriteLine("a result");

        var exception = Assert.Throws<PgkeepException>(writer.Flush);

        Assert.Equal(ErrorKind.StorageFailed, exception.Kind);
        Assert.Equal("the result cannot be written to stdout: no space left on device", exception.Message);
        writer.Flush();
        Assert.Equal(1, stream.Attempts);
    }

    [Fact]
    public void Result_is_utf8_without_a_byte_order_mark()
    {
        using var stream = new MemoryStream();
        var writer = new ResultWriter(() => stream);

        writer.WriteLine("ä");
        writer.Flush();

        Assert.Equal("ä\n", Encoding.UTF8.GetString(stream.ToArray()));
    }

    [Fact]
    public void Nothing_is_opened_as_long_as_nothing_is_said()
    {
        new ResultWriter(() => throw new InvalidOperationException()).Flush();
    }
}
