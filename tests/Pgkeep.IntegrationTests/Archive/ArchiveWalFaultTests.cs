using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>The disk refuses, or the process dies: nothing wrong ever has a final name, and the next call succeeds.</summary>
public sealed class ArchiveWalFaultTests(WalSamples samples) : ArchiveTest, IClassFixture<WalSamples>
{
    private string Segment => samples.Segments[1];

    [Theory]
    [InlineData("fsync:error=EIO:when=1", 31)]
    [InlineData("pwrite64:error=EIO:when=1", 31)]
    [InlineData("pwrite64:error=ENOSPC:when=1", 32)]
    [InlineData("link,linkat:error=ENOSPC:when=1", 32)]
    [InlineData("link,linkat:error=EIO:when=1", 31)]
    public async Task A_refused_system_call_leaves_nothing(string injection, int exitCode)
    {
        await PushAllAsync([samples.Segments[0]]);

        var result = await PushWithAsync(injection);

        result.EnsureExitCode(exitCode);
        Assert.False(File.Exists(StoredPath(Path.GetFileName(Segment))));
        Assert.Empty(RepositoryNames.LeftoversIn(Archive));
    }

    [Theory]
    [InlineData("fsync:error=EIO:when=1")]
    [InlineData("fsync:error=EIO:when=2")]
    [InlineData("pwrite64:error=EIO:when=1")]
    [InlineData("link,linkat:error=ENOSPC:when=1")]
    public async Task The_call_after_a_refused_one_succeeds(string injection)
    {
        await PushAllAsync([samples.Segments[0]]);
        Assert.NotEqual(0, (await PushWithAsync(injection)).ExitCode);

        (await PushAsync(Segment)).EnsureSuccess();

        await EnsureStoredFilesAreWholeAsync(samples.Segments);
    }

    [Fact]
    public async Task A_repetition_is_a_failure_where_the_stored_file_cannot_be_made_durable()
    {
        await PushAllAsync([samples.Segments[0], Segment]);

        var result = await PushWithAsync("fsync:error=EIO:when=1");

        Assert.Equal(31, result.ExitCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_kill_after_any_call_leaves_no_wrong_file(int earlier)
    {
        var segment = samples.Segments[earlier];
        string[] words = ["archive-wal", segment, Path.GetFileName(segment)];
        await PushAllAsync(samples.Segments.Take(earlier));
        var calls = await KillPoint.RecordAsync(Path.Combine(Path.GetDirectoryName(Repository)!, "calls"), words, Options);

        await KillSweep.RunAsync($"archive-wal behind {earlier} segments", calls, async moment =>
        {
            Forget();
            await PushAllAsync(samples.Segments.Take(earlier));
            if (!await KillPoint.KillAsync(moment, words, Options))
            {
                return false;
            }

            if (Directory.Exists(Archive))
            {
                await EnsureStoredFilesAreWholeAsync(samples.Segments);
            }

            (await PushAsync(segment)).EnsureSuccess();
            await EnsureStoredFilesAreWholeAsync(samples.Segments);
            Assert.Equal(samples.Segments.Take(earlier + 1).Select(path => Path.GetFileName(path) + ".gz"), RepositoryNames.VisibleIn(Archive));
            Assert.Empty(RepositoryNames.LeftoversIn(Archive));
            return true;
        });
    }

    [Fact]
    public async Task Kills_at_any_moment_leave_no_wrong_file()
    {
        var random = new Random(20);
        for (var i = 0; i < 20; i++)
        {
            await using var push = PgkeepBinary.Start(["archive-wal", Segment, Path.GetFileName(Segment)], Options);
            await Task.Delay(random.Next(25), TestContext.Current.CancellationToken);
            push.Send(Signal.Kill);
            await push.WaitAsync();
            if (Directory.Exists(Archive))
            {
                await EnsureStoredFilesAreWholeAsync(samples.Segments);
            }
        }

        (await PushAsync(Segment)).EnsureSuccess();
        await EnsureStoredFilesAreWholeAsync(samples.Segments);
    }

    [Fact]
    public async Task A_full_disk_is_a_clear_failure_until_there_is_space()
    {
        // The file system belongs to a name space of the account's own, so this needs no root; in it the account is itself again.
        const string script =
            """
            mount -t tmpfs -o size=1100k,mode=0777 none "$2"
            cat >"$2/inner" <<'END'
            head -c 40000000 /dev/zero >"$1/ballast" 2>/dev/null || :
            BACKUP_DIR=$1 "$2" archive-wal "$3" "${3##*/}"; echo "full: $?"
            ls -A "$1/wal_archive" 2>/dev/null | grep -v archive.log | sed 's/^/left: /'
            rm "$1/ballast"
            BACKUP_DIR=$1 "$2" archive-wal "$3" "${3##*/}"; echo "free: $?"
            END
            exec unshare --user --map-user="$1" sh "$2/inner" "$2" "$3" "$4"
            """;
        var id = (await TestAccount.RunAsync("id", ["-u"])).EnsureSuccess().Stdout.Trim();

        var result = await TestAccount.RunAsync("unshare", ["-rm", "sh", "-ec", script, "sh", id, Repository, PgkeepBinary.FilePath, Segment]);

        Assert.Equal("full: 32\nfree: 0\n", result.Stdout);
        Assert.Contains("No space left on device", result.Stderr, StringComparison.Ordinal);
    }

    private Task<ProgramResult> PushWithAsync(string injection) =>
        Strace.RunAsync(injection, PgkeepBinary.FilePath, ["archive-wal", Segment, Path.GetFileName(Segment)], Options);
}
