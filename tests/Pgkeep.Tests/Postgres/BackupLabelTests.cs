using System.Text;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class BackupLabelTests
{
    // Written by PostgreSQL 13.
    private const string Full = """
        START WAL LOCATION: 0/4000028 (file 000000010000000000000004)
        CHECKPOINT LOCATION: 0/4000060
        BACKUP METHOD: streamed
        BACKUP FROM: master
        START TIME: 2026-11-22 19:42:57 UTC
        LABEL: lab el
        START TIMELINE: 1

        """;

    // Written by PostgreSQL 17.
    private const string Incremental = """
        START WAL LOCATION: 0/6000028 (file 000000010000000000000006)
        CHECKPOINT LOCATION: 0/6000080
        BACKUP METHOD: streamed
        BACKUP FROM: primary
        START TIME: 2026-11-22 19:43:03 UTC
        LABEL: pg_basebackup base backup
        START TIMELINE: 1
        INCREMENTAL FROM LSN: 0/2000028
        INCREMENTAL FROM TLI: 1

        """;

    [Fact]
    public void Every_line_is_read()
    {
        var expected = new BackupLabel
        {
            StartLsn = Lsn.Parse("0/4000028"),
            StartSegment = new WalSegmentName(TimelineId.First, 0, 4),
            CheckpointLsn = Lsn.Parse("0/4000060"),
            BackupMethod = "streamed",
            BackupFrom = "master",
            StartTime = "2026-11-22 19:42:57 UTC",
            Label = "lab el",
            StartTimeline = TimelineId.First,
        };

        Assert.Equal(expected, Parse(Full));
    }

    [Fact]
    public void An_incremental_backup_names_what_it_builds_upon()
    {
        var label = Parse(Incremental);

        Assert.Equal(Lsn.Parse("0/2000028"), label.IncrementalFrom);
        Assert.Equal(TimelineId.First, label.IncrementalFromTimeline);
        Assert.Null(Parse(Full).IncrementalFrom);
    }

    [Theory]
    [InlineData("master", false)]
    [InlineData("standby", true)]
    public void Where_the_backup_was_taken_is_told(string from, bool expected) =>
        Assert.Equal(expected, Parse(Full.Replace("master", from, StringComparison.Ordinal)).IsFromStandby);

    [Theory]
    [InlineData("")]
    [InlineData("two\nlines\n")]
    [InlineData("a trap\nSTART TIMELINE: 9")]
    [InlineData("LABEL: x")]
    public void A_label_may_be_any_text(string text) =>
        Assert.Equal(text, Parse(Full.Replace("lab el", text, StringComparison.Ordinal)).Label);

    [Theory]
    [InlineData("START WAL", "START", "backup_label has no line \"START WAL LOCATION:\" where it should be")]
    [InlineData("0/4000028 (", "0-4000028 (", "backup_label has the location \"0-4000028\"")]
    [InlineData("000004)", "000004", "backup_label has the start location \"0/4000028 (file 000000010000000000000004\"")]
    [InlineData("000004)", "000004)\r", "backup_label has the start location \"0/4000028 (file 000000010000000000000004)\r\"")]
    [InlineData("0/4000060", "", "backup_label has the location \"\"")]
    [InlineData("LABEL: ", "LABLE: ", "backup_label has no label and start timeline where they should be")]
    [InlineData("TIMELINE: 1", "TIMELINE: 2", "backup_label has a start segment of another timeline")]
    [InlineData("TIMELINE: 1", "TIMELINE: one", "backup_label has the timeline \"one\"")]
    [InlineData("TIMELINE: 1", "TIMELINE: 1\nCOLOUR: red", "backup_label has an unknown line: \"COLOUR: red\"")]
    [InlineData("TIMELINE: 1", "TIMELINE: 1\nINCREMENTAL FROM LSN: 0/1", "backup_label has half of the lines of an incremental backup")]
    public void What_no_server_writes_is_a_problem(string part, string replacement, string expected)
    {
        Assert.False(BackupLabel.TryParse(Full.Replace(part, replacement, StringComparison.Ordinal), out var label, out var problem));
        Assert.Null(label);
        Assert.Equal(expected, problem);
    }

    [Fact]
    public void A_label_cut_anywhere_is_a_problem() =>
        Assert.All(Enumerable.Range(0, Full.Length), length => Assert.False(BackupLabel.TryParse(Full[..length], out _, out _)));

    [Fact]
    public void Damage_never_throws()
    {
        Assert.All(Mutation.Of(Encoding.ASCII.GetBytes(Incremental), 5_000), bytes =>
        {
            var parsed = BackupLabel.TryParse(Encoding.UTF8.GetString(bytes), out var label, out var problem);

            Assert.Equal(parsed, label is not null);
            Assert.Equal(parsed, problem.Length == 0);
        });
    }

    private static BackupLabel Parse(string text)
    {
        Assert.True(BackupLabel.TryParse(text, out var label, out var problem), problem);
        return label!;
    }
}
