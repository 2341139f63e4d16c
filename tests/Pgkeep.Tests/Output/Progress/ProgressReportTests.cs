using Pgkeep.Backup;
using Pgkeep.Output;
using Pgkeep.Output.Progress;
using Pgkeep.Postgres;
using Pgkeep.Restore;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Output.Progress;

public sealed class ProgressReportTests
{
    private readonly ManualTime _time = new();
    private readonly BackupProgress _progress = new();

    [Fact]
    public void The_first_line_says_version_cluster_size_and_where_to()
    {
        var output = new RecordingOutput();
        using var report = Start(output);
        _progress.Begin(new BackupOutset("main", "15.18", 2_900_000_000));

        ProgressReport.Around(report, () => output.WriteNote("Starting"));

        Assert.Equal($"{ProductVersion.Text}  backup of cluster main (PostgreSQL 15.18, 2.9 GB) into /repository\nStarting\n", output.Notes);
    }

    [Fact]
    public void Nothing_is_said_before_the_copy_begins()
    {
        var output = new RecordingOutput { IsNoteTerminal = true };
        using var report = Start(output);

        _time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal("", output.Notes);
    }

    [Fact]
    public void Elsewhere_than_on_a_terminal_a_line_comes_every_thirty_seconds()
    {
        var output = new RecordingOutput();
        using var report = StartCopying(output);

        _time.Advance(TimeSpan.FromSeconds(95));

        Assert.Equal(3, output.Notes.Split('\n').Count(line => line.StartsWith("copying base.tar.gz: ", StringComparison.Ordinal)));
        Assert.DoesNotContain('\r', output.Notes);
    }

    [Fact]
    public void On_a_terminal_one_line_is_overwritten_at_most_five_times_a_second()
    {
        var output = new RecordingOutput { IsNoteTerminal = true };
        using var report = StartCopying(output);

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(10, output.Notes.Count(character => character == '\r'));
        Assert.Equal(1, output.Notes.Count(character => character == '\n')); // of the first line
    }

    [Fact]
    public void A_shorter_line_covers_all_of_the_longer_one_before()
    {
        var output = new RecordingOutput { IsNoteTerminal = true };
        using var report = StartCopying(output);
        _time.Advance(TimeSpan.FromSeconds(1));
        _progress.Add(100_000_000);
        _time.Advance(TimeSpan.FromSeconds(1));

        _time.Advance(TimeSpan.FromSeconds(20));

        var lines = output.Notes.Split('\r').Skip(1).ToList();
        Assert.Contains(lines, line => line.EndsWith("  ", StringComparison.Ordinal));
        Assert.All(lines.Zip(lines.Skip(1)), pair => Assert.True(pair.Second.Length >= pair.First.TrimEnd().Length));
    }

    [Fact]
    public void What_else_is_said_stands_on_a_line_of_its_own()
    {
        var output = new RecordingOutput { IsNoteTerminal = true };
        using var report = StartCopying(output);
        _time.Advance(TimeSpan.FromSeconds(1));

        ProgressReport.Around(report, () => output.WriteNote("warning: look"));

        Assert.Equal("warning: look\n", output.Notes.Split('\r')[^1]);
    }

    [Fact]
    public void The_end_leaves_an_empty_line()
    {
        var output = new RecordingOutput { IsNoteTerminal = true };
        using (StartCopying(output))
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.EndsWith(" \r", output.Notes, StringComparison.Ordinal);
        Assert.Equal(0, _time.Waiting);
    }

    [Fact]
    public void As_JSON_an_object_a_second_goes_to_stdout()
    {
        var output = new RecordingOutput();
        using var report = StartCopying(output, isJson: true);

        _time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(3, output.Result.Split('\n').Count(line => line.StartsWith("""{"event":"progress","step":"copying","archive":"base.tar.gz",""", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_output_that_fails_ends_the_telling_and_nothing_else(bool isJson)
    {
        var output = new FailingOutput();
        using var report = StartCopying(output, isJson);

        _time.Advance(TimeSpan.FromSeconds(60));
        var said = false;
        ProgressReport.Around(report, () => said = true);

        Assert.Equal(1, output.Attempts);
        Assert.True(said);
    }

    [Fact]
    public void A_restore_tells_of_its_files_and_then_of_its_WAL_with_a_rate_of_its_own()
    {
        var output = new RecordingOutput();
        var progress = new RestoreProgress();
        using var report = new ProgressReport(output, new RestoreProgressSource(progress, _time), _time, isJson: false);
        progress.BeginCopy(2_000_000_000);
        progress.Add(1_000_000_000);
        _time.Advance(TimeSpan.FromSeconds(30));
        progress.BeginReplay(new Lsn(0x1000000), 64 * 1024 * 1024);
        _time.Advance(TimeSpan.FromSeconds(30));
        progress.Reach(new Lsn(0x3000000));
        progress.ReachTime(new DateTimeOffset(2025, 1, 8, 12, 30, 0, TimeSpan.Zero));
        _time.Advance(TimeSpan.FromSeconds(30));

        var lines = output.Notes.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("copying files: 50 %, 1.00 of 2.00 GB", lines[0]);
        Assert.Equal("replaying 0/1000000: 0 %, 0.0 of 67.1 MB", lines[1]);
        Assert.StartsWith("replaying 0/3000000 (2025-01-08 ", lines[2], StringComparison.Ordinal);
        Assert.EndsWith("50 %, 33.6 of 67.1 MB, 1.1 MB/s, 31 s left", lines[2], StringComparison.Ordinal);
    }

    private ProgressReport Start(IOutput output, bool isJson = false) => new(output, new BackupProgressSource(_progress, "/repository"), _time, isJson);

    private ProgressReport StartCopying(IOutput output, bool isJson = false)
    {
        _progress.Begin(new BackupOutset("main", "15.18", 2_900_000_000));
        _progress.EnterArchive("base.tar.gz");
        return Start(output, isJson);
    }

    private sealed class FailingOutput : IOutput
    {
        public int Attempts { get; private set; }

        public Palette ResultPalette => Palette.Plain;

        public Palette NotePalette => Palette.Plain;

        public bool IsNoteTerminal => true;

        public int NoteWidth => 100;

        public bool CanAsk => false;

        public bool CanDraw => false;

        public IScreen OpenScreen() => throw new NotSupportedException();

        public void WriteResult(string line) => Fail();

        public void WriteNote(string line) => Fail();

        public void WriteNotePart(string text) => Fail();

        public string? ReadAnswer() => null;

        public void Flush()
        {
        }

        private void Fail()
        {
            Attempts++;
            throw new IOException("gone");
        }
    }
}
