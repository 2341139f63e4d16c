using System.Text;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class WalFileNameTests
{
    private const string BackupHistoryName = "0000000200000001000000AB.00000028.backup";

    [Theory]
    [InlineData("0000000200000001000000AB", (int)WalFileKind.Segment)]
    [InlineData("0000000200000001000000AB.partial", (int)WalFileKind.Partial)]
    [InlineData(BackupHistoryName, (int)WalFileKind.BackupHistory)]
    [InlineData("00000002.history", (int)WalFileKind.History)]
    public void Each_kind_is_known_by_its_name(string text, int kind)
    {
        Assert.True(WalFileName.TryParse(text, out var name));
        Assert.Equal((WalFileKind)kind, name!.Kind);
        Assert.Equal(new TimelineId(2), name.Timeline);
        Assert.Equal(text, name.ToString());
    }

    [Fact]
    public void All_but_a_history_file_name_their_segment()
    {
        Assert.True(WalFileName.TryParse(BackupHistoryName, out var backup));
        Assert.True(WalFileName.TryParse("00000002.history", out var history));

        Assert.Equal(new WalSegmentName(new TimelineId(2), 1, 0xAB), backup!.Segment);
        Assert.Null(history!.Segment);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0000000200000001000000ab")]
    [InlineData("0000000200000001000000AB.Partial")]
    [InlineData("0000000200000001000000AB.partial ")]
    [InlineData("0000000200000001000000AB.gz")]
    [InlineData("0000000200000001000000AB.0000028.backup")]
    [InlineData("0000000200000001000000AB.0000002a.backup")]
    [InlineData("0000000200000001000000AB.00000028.backup.gz")]
    [InlineData("0000000200000001000000AB..backup")]
    [InlineData("000000000000000100000098")]
    [InlineData("00000000.history")]
    [InlineData("0000000A.HISTORY")]
    [InlineData("0000000a.history")]
    [InlineData("2.history")]
    [InlineData("../00000002.history")]
    [InlineData("RECOVERYXLOG")]
    [InlineData("archive_status")]
    public void Everything_else_is_refused(string text)
    {
        Assert.False(WalFileName.TryParse(text, out var name));
        Assert.Null(name);
    }

    [Fact]
    public void A_name_cut_short_is_a_segment_or_nothing()
    {
        var accepted = Enumerable.Range(0, BackupHistoryName.Length).Where(length => WalFileName.TryParse(BackupHistoryName[..length], out _));

        Assert.Equal([WalSegmentName.Length], accepted);
    }

    [Fact]
    public void What_is_accepted_is_written_back_the_same()
    {
        var accepted = Mutation.Of(Encoding.ASCII.GetBytes(BackupHistoryName), 20_000)
            .Select(Encoding.Latin1.GetString)
            .Where(text => WalFileName.TryParse(text, out var name) && $"{name!.Segment}{text[24..]}" == text)
            .ToList();

        Assert.NotEmpty(accepted);
        Assert.All(accepted, text => Assert.Equal(text, text.ToUpperInvariant().Replace(".BACKUP", ".backup", StringComparison.Ordinal)));
    }
}
