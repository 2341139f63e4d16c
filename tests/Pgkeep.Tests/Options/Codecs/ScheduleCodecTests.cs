using Pgkeep.Options.Codecs;
using Xunit;

namespace Pgkeep.Tests.Options.Codecs;

public sealed class ScheduleCodecTests
{
    [Theory]
    [InlineData("0 2 * * *")]
    [InlineData("0 */6 * * *")]
    [InlineData("0 3 * * 0")]
    [InlineData("30 2 * * *")]
    [InlineData("0,30 1-5/2 1 jan-mar Mon-Fri")]
    [InlineData("0 2 * * 7")]
    [InlineData("@daily")]
    public void Schedule_is_taken(string text)
    {
        Assert.Equal(text, ScheduleCodec.Instance.Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0 2 * *")]
    [InlineData("0 2 * * * *")]
    [InlineData("0 2 * * * root")]
    [InlineData("60 2 * * *")]
    [InlineData("0 24 * * *")]
    [InlineData("0 2 0 * *")]
    [InlineData("0 2 * 13 *")]
    [InlineData("0 2 * * 8")]
    [InlineData("0 5-2 * * *")]
    [InlineData("0 */0 * * *")]
    [InlineData("0 3/2 * * *")]
    [InlineData("0 2 * * mon,")]
    [InlineData("@reboot")]
    [InlineData("0 2 * * *\n* * * * *")]
    [InlineData("0 -2 * * *")]
    public void What_cron_would_misunderstand_is_refused(string text)
    {
        Assert.Throws<FormatException>(() => ScheduleCodec.Instance.Parse(text));
    }
}
