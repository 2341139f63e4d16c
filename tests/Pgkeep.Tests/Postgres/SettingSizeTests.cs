using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class SettingSizeTests
{
    [Theory]
    [InlineData("8192", 8192L)]
    [InlineData("512B", 512L)]
    [InlineData("64kB", 65536L)]
    [InlineData("16MB", 16L << 20)]
    [InlineData("1GB", 1L << 30)]
    [InlineData("2TB", 2L << 40)]
    public void A_size_is_read_with_its_unit(string text, long bytes)
    {
        Assert.True(SettingSize.TryParse(text, out var value));
        Assert.Equal(bytes, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MB")]
    [InlineData("-1MB")]
    [InlineData("1.5GB")]
    [InlineData("16 MB")]
    [InlineData("99999999999")]
    public void Anything_else_is_refused(string text) => Assert.False(SettingSize.TryParse(text, out _));
}
