using Pgkeep.Commands;
using Pgkeep.Streams.Codecs;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Commands;

/// <summary>From <c>--compress</c> and <c>--compress-level</c> to what a backup and the archive take.</summary>
public sealed class CompressionOptionTests
{
    [Theory]
    [InlineData("", "gzip", 1)]
    [InlineData("--compress gzip --compress-level 9", "gzip", 9)]
    [InlineData("--compress zstd", "zstd", 3)]
    [InlineData("--compress zstd --compress-level 19", "zstd", 19)]
    [InlineData("--compress none", "none", 0)]
    [InlineData("--compress none --compress-level 12", "none", 0)]
    public async Task A_backup_takes_the_codec_and_one_of_its_levels(string words, string codec, int level)
    {
        Compression? found = null;

        var exitCode = await RunAsync(CommandNames.Backup, context => found = CommandSettings.Compression(context), words);

        Assert.Equal(0, exitCode);
        Assert.Equal((codec, level), (found!.Codec.Name, found.Level));
    }

    [Fact]
    public async Task A_level_that_the_codec_does_not_have_is_refused_with_the_range()
    {
        var run = new Run { Environment = { ["PGKEEP_COMPRESS_LEVEL"] = "12", ["PGKEEP_CONFIG"] = "/dev/null" } };

        var exitCode = await run.Command(Asking(CommandNames.Backup, context => CommandSettings.Compression(context)), "--compress", "gzip");

        Assert.Equal(10, exitCode);
        Assert.Contains("12 is not a whole number from 1 to 9, the levels of gzip (environment PGKEEP_COMPRESS_LEVEL)", run.Output.Notes, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("--compress-level 6", 6)]
    [InlineData("--compress-level 12", 1)]
    public async Task The_archive_is_gzip_and_no_level_stops_it(string words, int expected)
    {
        var level = 0;

        var exitCode = await RunAsync(CommandNames.ArchiveWal, context => level = CommandSettings.WalLevel(context), words);

        Assert.Equal(0, exitCode);
        Assert.Equal(expected, level);
    }

    private static Task<int> RunAsync(string name, Action<CommandContext> ask, string words) =>
        new Run { Environment = { ["PGKEEP_CONFIG"] = "/dev/null" } }.Command(Asking(name, ask), words.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static Command Asking(string name, Action<CommandContext> ask) => new()
    {
        Name = name,
        Summary = "A test",
        RunAsync = (context, _) =>
        {
            ask(context);
            return Task.FromResult(0);
        },
    };
}
