using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

public class GetWalTests(WalSamples samples) : ArchiveTest, IClassFixture<WalSamples>
{
    private const int Absent = 1;
    private const int CannotTell = 200;

    private string First => Path.GetFileName(samples.Segments[0]);

    private string Second => Path.GetFileName(samples.Segments[1]);

    /// <summary>Where the server runs it.</summary>
    private protected virtual string WorkingDirectory => Path.GetDirectoryName(Repository)!;

    private string Destination => Path.Combine(WorkingDirectory, "RECOVERYXLOG");

    private RunOptions GetOptions => Options with { WorkingDirectory = WorkingDirectory };

    [Fact]
    public async Task A_segment_comes_back_as_it_was()
    {
        await PushAllAsync([samples.Segments[0]]);

        (await GetAsync(First)).EnsureSuccess();

        Assert.Equal(await File.ReadAllBytesAsync(samples.Segments[0], TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(Destination, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_segment_after_the_last_one_is_absent()
    {
        await PushAllAsync([samples.Segments[0]]);

        var result = await GetAsync(Second);

        Assert.Equal(Absent, result.ExitCode);
        Assert.DoesNotContain("error:", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_history_of_a_timeline_that_nobody_began_is_absent()
    {
        await PushAllAsync([samples.Segments[0]]);

        Assert.Equal(Absent, (await GetAsync("00000002.history")).ExitCode);
    }

    [Fact]
    public async Task A_segment_before_its_timelines_beginning_is_absent()
    {
        await PushTimelineTwoAsync();

        Assert.Equal(Absent, (await GetAsync("00000002" + First[8..])).ExitCode);
    }

    [Fact]
    public async Task A_hole_is_not_the_end()
    {
        await PushAllAsync([samples.Segments[0], samples.Segments[2]]);

        var result = await GetAsync(Second);

        Assert.Equal(CannotTell, result.ExitCode);
        Assert.Contains("hole", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_history_before_a_stored_one_is_a_hole()
    {
        await PushAllAsync([samples.Segments[0]]);
        await PushHistoryAsync("00000003.history", "1\t0/2000000\tx\n2\t0/3000000\tx\n");

        Assert.Equal(CannotTell, (await GetAsync("00000002.history")).ExitCode);
    }

    [Fact]
    public async Task Without_the_repositorys_marker_nothing_can_be_told()
    {
        await PushAllAsync([samples.Segments[0]]);
        File.Delete(Path.Combine(Repository, "repository.json"));

        Assert.Equal(CannotTell, (await GetAsync(Second)).ExitCode);
    }

    [Fact]
    public async Task Without_the_repository_nothing_can_be_told()
    {
        Directory.Delete(Repository);

        Assert.Equal(CannotTell, (await GetAsync(First)).ExitCode);
    }

    [Fact]
    public async Task Without_the_archives_directory_nothing_can_be_told()
    {
        await PushAllAsync([samples.Segments[0]]);
        Directory.Delete(Archive, recursive: true);

        Assert.Equal(CannotTell, (await GetAsync(First)).ExitCode);
    }

    [Fact]
    public async Task A_directory_that_cannot_be_read_tells_nothing()
    {
        await PushAllAsync([samples.Segments[0]]);
        (await TestAccount.RunAsync("chmod", ["0000", Archive])).EnsureSuccess();

        Assert.Equal(CannotTell, (await GetAsync(Second)).ExitCode);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(-1)]
    [InlineData(-6)]
    public async Task A_damaged_file_is_not_handed_out(int offset)
    {
        await PushAllAsync([samples.Segments[0]]);
        var stored = StoredPath(First);
        FlipByte(stored, offset < 0 ? new FileInfo(stored).Length + offset : offset);

        var result = await GetAsync(First);

        Assert.Equal(CannotTell, result.ExitCode);
        Assert.False(File.Exists(Destination));
    }

    [Fact]
    public async Task A_file_that_was_renamed_is_not_handed_out()
    {
        await PushAllAsync([samples.Segments[0]]);
        File.Move(StoredPath(First), StoredPath(Second));

        Assert.Equal(CannotTell, (await GetAsync(Second)).ExitCode);
    }

    [Fact]
    public async Task A_plain_copy_counts_as_the_segment()
    {
        await PushAllAsync([samples.Segments[0]]);
        (await TestAccount.RunAsync("cp", [samples.Segments[1], Archive])).EnsureSuccess();

        Assert.Equal(0, (await GetAsync(Second)).ExitCode);
    }

    [Theory]
    [InlineData("get-wal")]
    [InlineData("get-wal", "000000010000000000000001")]
    [InlineData("get-wal", "000000010000000000000001", "a", "b")]
    [InlineData("get-wal", "nonsense", "a")]
    [InlineData("get-wal", "--no-such-option", "000000010000000000000001", "a")]
    [InlineData("get-wal", "--config", "/no/such/file", "000000010000000000000001", "a")]
    public async Task A_wrong_call_tells_nothing(params string[] words)
    {
        Assert.Equal(CannotTell, (await PgkeepBinary.RunAsync(words, GetOptions)).ExitCode);
    }

    [Fact]
    public async Task A_destination_that_cannot_be_written_leaves_nothing()
    {
        await PushAllAsync([samples.Segments[0]]);

        var result = await Strace.RunAsync("rename,renameat2:error=EIO", PgkeepBinary.FilePath, ["get-wal", First, Destination], GetOptions);

        Assert.Equal(CannotTell, result.ExitCode);
        Assert.Empty(Directory.EnumerateFiles(Path.GetDirectoryName(Destination)!, "RECOVERYXLOG*"));
    }

    [Theory]
    [InlineData("hole", 40)]
    [InlineData("no marker", 11)]
    [InlineData("damaged", 13)]
    public async Task A_standby_is_told_to_try_again(string trouble, int exitCode)
    {
        await TestAccount.WriteFileAsync(Path.Combine(WorkingDirectory, "standby.signal"), "");
        await PushAllAsync([samples.Segments[0], samples.Segments[2]]);
        var name = trouble == "damaged" ? First : Second;
        switch (trouble)
        {
            case "no marker":
                File.Delete(Path.Combine(Repository, "repository.json"));
                break;
            case "damaged":
                Damage(StoredPath(First));
                break;
        }

        Assert.Equal(exitCode, (await GetAsync(name)).ExitCode);
    }

    [Theory]
    [InlineData("recovery.signal", "", CannotTell)]
    [InlineData("recovery.signal", "recovery_target_name = 'there'", 0)]
    [InlineData("standby.signal", "recovery_target_name = 'there'", Absent)]
    public async Task A_timeline_s_first_segment_is_made_where_the_recovery_may_end_in_it(string signal, string setting, int exitCode)
    {
        await TestAccount.WriteFileAsync(Path.Combine(WorkingDirectory, signal), "");
        await TestAccount.WriteFileAsync(Path.Combine(WorkingDirectory, "postgresql.auto.conf"), setting);
        await PushAllAsync([samples.Segments[0], samples.Segments[1]]);
        await PushTimelineTwosHistoryAsync();

        Assert.Equal(exitCode, (await GetAsync("00000002" + Second[8..])).ExitCode);
        Assert.Equal(exitCode == 0, File.Exists(Destination));
    }

    private Task<ProgramResult> GetAsync(string name) => PgkeepBinary.RunAsync(["get-wal", name, "RECOVERYXLOG"], GetOptions);

    private async Task PushHistoryAsync(string name, string text) => (await PushAsync(await (await GetWorkspaceAsync()).WriteFileAsync(name, text))).EnsureSuccess();

    /// <summary>A timeline that begins inside the second segment: its own first one carries the old one's pages.</summary>
    private async Task PushTimelineTwoAsync()
    {
        await PushAllAsync([samples.Segments[0], samples.Segments[1]]);
        await PushTimelineTwosHistoryAsync();
        (await PushAsync(samples.Segments[1], "00000002" + Second[8..])).EnsureSuccess();
    }

    private Task PushTimelineTwosHistoryAsync()
    {
        var begin = $"{Convert.ToUInt32(Second[8..16], 16):X}/{(Convert.ToUInt32(Second[16..], 16) << 20) + 0x100:X}";
        return PushHistoryAsync("00000002.history", $"1\t{begin}\tno recovery target specified\n");
    }
}
