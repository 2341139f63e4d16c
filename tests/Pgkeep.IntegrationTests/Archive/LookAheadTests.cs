using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>One call stores what waits behind its segment, itself or by a process that it leaves behind; the archive must never show that it did.</summary>
public sealed class LookAheadTests(WalSamples samples) : ArchiveTest, IClassFixture<WalSamples>
{
    private IReadOnlyList<string> Names => [.. samples.Segments.Select(path => Path.GetFileName(path))];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_waits_is_stored_with_the_first_call_and_confirmed_by_the_others(bool leavesProcess)
    {
        var wal = await CreateAsync(leavesProcess);

        (await wal.OfferAndSettleAsync(Names[0])).EnsureSuccess();
        Assert.Equal(Names.Select(name => name + ".gz"), RepositoryNames.VisibleIn(Archive));
        await wal.OfferAllAsync();

        await EnsureStoredFilesAreWholeAsync(samples.Segments);
        var log = await File.ReadAllLinesAsync(Path.Combine(Archive, "archive.log"), TestContext.Current.CancellationToken);
        Assert.Equal(Names.Count - 1, log.Count(line => line.Contains("ahead of its turn", StringComparison.Ordinal)));
        Assert.Equal(Names.Count, log.Count(line => line.Contains("Already archived", StringComparison.Ordinal)));
        Assert.Empty(RepositoryNames.LeftoversIn(Archive));
    }

    [Fact]
    public async Task Each_call_finds_its_segment_stored_while_a_process_stores_them()
    {
        var wal = await CreateAsync(leavesProcess: true);

        await wal.OfferAllAsync();

        var log = await File.ReadAllLinesAsync(Path.Combine(Archive, "archive.log"), TestContext.Current.CancellationToken);
        Assert.Equal(Names.Count - 1, log.Count(line => line.Contains("ahead of its turn", StringComparison.Ordinal)));
        Assert.Equal(Names.Count - 1, log.Count(line => line.Contains("Already archived", StringComparison.Ordinal)));
        await EnsureStoredFilesAreWholeAsync(samples.Segments);
    }

    [Fact]
    public async Task Under_a_server_that_is_process_1_none_is_left()
    {
        var wal = await CreateAsync(leavesProcess: true);
        await wal.WriteAsync("postmaster.pid", "1\n");

        (await wal.OfferAsync(Names[0])).EnsureSuccess();

        Assert.Empty(LeftProcesses.AheadBelow(Path.GetDirectoryName(Repository)!));
        Assert.Equal(Names.Select(name => name + ".gz"), RepositoryNames.VisibleIn(Archive));
    }

    [Fact]
    public async Task The_process_holds_nothing_of_its_caller_but_the_lock()
    {
        var wal = await CreateAsync(leavesProcess: true);
        // It is held up in its first write, as if the disk was slow.
        await using var call = Strace.Start("fdatasync,fsync:delay_enter=3000000", PgkeepBinary.FilePath, ["archive-wal", WaitingWal.PathOf(Names[0]), Names[0]], wal.Options);
        var below = Path.GetDirectoryName(Repository)!;
        await Poll.UntilAsync(() => LeftProcesses.AheadBelow(below).Count == 1, "the process runs");
        var process = LeftProcesses.AheadBelow(below).Single();

        var files = LeftProcesses.OpenFilesOf(process);
        Assert.Equal(Path.GetDirectoryName(wal.FilePath(Names[0])) + "/archive_status", files[0]);
        Assert.Equal(("/dev/null", "/dev/null"), (files[1], files[2]));
        Assert.Equal(process, LeftProcesses.SessionOf(process));

        // Nobody else begins while it is at work, and what waits for it in vain stores its segment itself.
        Processes.Send(process, Signal.Stop);
        (await wal.OfferAsync(Names[1])).EnsureSuccess();
        Assert.Contains("Waited in vain", await File.ReadAllTextAsync(Path.Combine(Archive, "archive.log"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(process, LeftProcesses.AheadBelow(below).Single());
        Processes.Send(process, Signal.Kill);
        await wal.OfferAllAsync();
        await wal.SettleAsync();
        await EnsureStoredFilesAreWholeAsync(samples.Segments);
        Assert.Empty(RepositoryNames.LeftoversIn(Archive));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_segment_that_the_server_has_not_finished_ends_it(bool leavesProcess)
    {
        var wal = await CreateAsync(leavesProcess);
        wal.Unmark(Names[3]);

        (await wal.OfferAndSettleAsync(Names[0])).EnsureSuccess();

        Assert.Equal(Names.Take(3).Select(name => name + ".gz"), RepositoryNames.VisibleIn(Archive));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_that_is_not_what_it_is_called_ends_it_and_fails_in_its_own_call(bool leavesProcess)
    {
        var wal = await CreateAsync(leavesProcess);
        (await TestAccount.RunAsync("cp", [samples.OfAnotherCluster, wal.FilePath(Names[2])])).EnsureSuccess();

        (await wal.OfferAndSettleAsync(Names[0])).EnsureSuccess();
        Assert.Equal(Names.Take(2).Select(name => name + ".gz"), RepositoryNames.VisibleIn(Archive));
        (await wal.OfferAndSettleAsync(Names[1])).EnsureSuccess();

        Assert.NotEqual(0, (await wal.OfferAsync(Names[2])).ExitCode);
        Assert.Equal(Names.Take(2).Select(name => name + ".gz"), RepositoryNames.VisibleIn(Archive));
        Assert.Empty(RepositoryNames.LeftoversIn(Archive));
    }

    [Fact]
    public async Task Other_content_under_a_name_ahead_is_refused_in_its_own_call()
    {
        var other = await CopyAsync(samples.Segments[1], Names[1]);
        FlipByte(other, WithinFirstRecord);
        (await PushAsync(other)).EnsureSuccess();
        var wal = await CreateAsync(leavesProcess: true);

        (await wal.OfferAndSettleAsync(Names[0])).EnsureSuccess();
        var refused = await wal.OfferAsync(Names[1]);

        Assert.Equal(42, refused.ExitCode);
        Assert.Contains("stored", refused.Stderr, StringComparison.Ordinal);
        Assert.Equal(await File.ReadAllBytesAsync(other, TestContext.Current.CancellationToken), await UnzipAsync(StoredPath(Names[1])));
    }

    [Fact]
    public async Task A_segment_that_changed_after_it_was_stored_ahead_is_refused()
    {
        var wal = await CreateAsync(leavesProcess: true);
        (await wal.OfferAndSettleAsync(Names[0])).EnsureSuccess();
        FlipByte(wal.FilePath(Names[1]), WithinFirstRecord);

        Assert.Equal(42, (await wal.OfferAsync(Names[1])).ExitCode);
        await EnsureStoredFilesAreWholeAsync(samples.Segments);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_calls_at_once_store_each_segment_once(bool leavesProcess)
    {
        var wal = await CreateAsync(leavesProcess);

        var results = await Task.WhenAll(wal.OfferAsync(Names[0]), wal.OfferAsync(Names[0]), wal.OfferAsync(Names[1]), wal.OfferAsync(Names[0]));
        Assert.All(results, result => result.EnsureSuccess());
        await wal.OfferAllAsync();
        await wal.SettleAsync();

        await EnsureStoredFilesAreWholeAsync(samples.Segments);
        Assert.Equal(Names.Count, RepositoryNames.VisibleIn(Archive).Count);
        Assert.Empty(RepositoryNames.LeftoversIn(Archive));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Killed_after_any_call_it_leaves_no_hole_and_nothing_wrong(bool leavesProcess)
    {
        var first = await CreateAsync(leavesProcess);
        var calls = await KillPoint.RecordAsync((await GetWorkspaceAsync()).PathOf("calls"), WaitingWal.WordsOf(Names[0]), first.Options);
        await first.SettleAsync();

        await KillSweep.RunAsync($"archive-wal before {Names.Count - 1} that wait, {(leavesProcess ? "with" : "without")} a process that stores them", calls, async moment =>
        {
            var wal = await CreateAgainAsync(leavesProcess);
            if (!await KillPoint.KillAsync(moment, WaitingWal.WordsOf(Names[0]), wal.Options))
            {
                return false;
            }

            await wal.SettleAsync();
            await EnsureNoHoleAsync();
            await EnsureNothingIsMissingAsync(wal);
            return true;
        });
    }

    [Fact]
    public async Task The_process_that_is_left_leaves_no_hole_and_nothing_wrong_when_it_is_killed_after_any_call()
    {
        var log = (await GetWorkspaceAsync()).PathOf("calls");
        await KillSweep.RunAsync("archive-ahead", await KillAheadAsync(await CreateAsync(leavesProcess: true), "nothing:1", log), async moment =>
        {
            var wal = await CreateAgainAsync(leavesProcess: true);
            if (!(await KillAheadAsync(wal, moment, log)).Contains(KillPoint.Mark))
            {
                return false;
            }

            await EnsureNoHoleAsync();
            await EnsureNothingIsMissingAsync(wal);
            return true;
        });
    }

    [Fact]
    public Task Killed_at_any_moment_20_times_it_leaves_no_hole_and_nothing_wrong() => KillAtAnyMomentAsync(20);

    [Soak]
    public Task Killed_at_any_moment_200_times_it_leaves_no_hole_and_nothing_wrong() => KillAtAnyMomentAsync(200);

    /// <param name="kills">That hit a call before its end, or the process that it left behind; a round that comes too late is not counted.</param>
    private async Task KillAtAnyMomentAsync(int kills)
    {
        var random = new Random(kills);
        var (rounds, hits, calls, ahead) = (0, 0, 0, 0);
        // A call and the process that it leaves take that long at most, so the kills are spread over both.
        var whole = 2 * (int)(await (await CreateAsync(leavesProcess: true)).OfferAndSettleAsync(Names[0])).EnsureSuccess().Elapsed.TotalMilliseconds;
        Forget();
        for (; hits < kills; rounds++)
        {
            Assert.True(rounds < 20 * kills, $"{hits} of {rounds} rounds hit anything");
            var wal = await CreateAsync(leavesProcess: rounds % 4 > 0, $"made-up-{rounds}");
            await using (var call = wal.Start(Names[0]))
            {
                await Task.Delay(random.Next(whole), TestContext.Current.CancellationToken);
                call.Send(Signal.Kill);
                var left = LeftProcesses.AheadBelow(Path.GetDirectoryName(Repository)!);
                left.ToList().ForEach(process => Processes.Send(process, Signal.Kill));
                var isCall = (await call.WaitAsync()).ExitCode != 0;
                calls += isCall ? 1 : 0;
                ahead += left.Count;
                hits += isCall || left.Count > 0 ? 1 : 0;
                await wal.SettleAsync();
            }

            if (Directory.Exists(Archive))
            {
                await EnsureNoHoleAsync();
            }

            await EnsureNothingIsMissingAsync(wal);
            wal.Remove();
            Forget();
        }

        SoakRun.Tell($"archive-wal: {hits} kills in {rounds} rounds, of {calls} calls and {ahead} processes that stored ahead");
    }

    /// <returns>The calls of the process that the first segment's call leaves behind.</returns>
    private async Task<IReadOnlyList<string>> KillAheadAsync(WaitingWal wal, string moment, string log)
    {
        File.Delete(log);
        (await KillPoint.KillLeftAsync(moment, "archive-ahead", log, WaitingWal.WordsOf(Names[0]), wal.Options)).EnsureSuccess();
        // Until then the process has not even its own name.
        await Poll.UntilAsync(() => File.Exists(log), "the process has begun");
        await wal.SettleAsync();
        return await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken);
    }

    /// <summary>As if nothing had been stored.</summary>
    private async Task<WaitingWal> CreateAgainAsync(bool leavesProcess)
    {
        Forget();
        var workspace = await GetWorkspaceAsync();
        (await TestAccount.RunAsync("rm", ["-rf", workspace.PathOf("made-up"), workspace.PathOf(".made-up.pgkeep-repositories")])).EnsureSuccess();
        return await CreateAsync(leavesProcess);
    }

    private async Task<WaitingWal> CreateAsync(bool leavesProcess, string name = "made-up") =>
        await WaitingWal.CreateAsync(await GetWorkspaceAsync(), Repository, samples.Segments, leavesProcess ? samples.DataDirectory : null, name);

    private async Task EnsureNoHoleAsync()
    {
        if (!Directory.Exists(Archive))
        {
            return;
        }

        var stored = RepositoryNames.VisibleIn(Archive);
        Assert.Equal(Names.Take(stored.Count).Select(name => name + ".gz"), stored);
        await EnsureStoredFilesAreWholeAsync(samples.Segments);
    }

    /// <summary>The server offers all of them again, for it was told of none.</summary>
    private async Task EnsureNothingIsMissingAsync(WaitingWal wal)
    {
        await wal.OfferAllAsync();
        await wal.SettleAsync();
        Assert.Equal(Names.Select(name => name + ".gz"), RepositoryNames.VisibleIn(Archive));
        await EnsureStoredFilesAreWholeAsync(samples.Segments);
        Assert.Empty(RepositoryNames.LeftoversIn(Archive));
    }
}
