using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Repository;

public sealed class OperationLogTests : IDisposable
{
    private const int LongestLength = 10 * 1024 * 1024;

    private readonly TemporaryDirectory _directory = new();

    private string LogPath => _directory.PathOf("archive.log");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_log_that_is_long_is_put_aside_and_four_old_ones_are_kept()
    {
        for (var generation = 0; generation < 7; generation++)
        {
            File.AppendAllText(LogPath, $"generation {generation}\n" + new string('x', LongestLength));
            Open(rotates: true).Append("last");
        }

        Open(rotates: true).Append("new");

        Assert.EndsWith("] new\n", File.ReadAllText(LogPath), StringComparison.Ordinal);
        Assert.Equal(
            ["archive.log", "archive.log.1", "archive.log.2", "archive.log.3", "archive.log.4"],
            Directory.EnumerateFiles(_directory.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.Equal("generation 6", File.ReadLines(LogPath + ".1").First());
        Assert.Equal("generation 3", File.ReadLines(LogPath + ".4").First());
        Assert.EndsWith("] last\n", File.ReadAllText(LogPath + ".1"), StringComparison.Ordinal);
    }

    [Fact]
    public void Other_logs_stay_whole()
    {
        File.WriteAllText(LogPath, new string('x', LongestLength));

        Open(rotates: false).Append("line");

        Assert.Single(Directory.EnumerateFiles(_directory.Path));
    }

    private OperationLog Open(bool rotates) => new(LogPath, new ManualTime()) { Rotates = rotates };
}
