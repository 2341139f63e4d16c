using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>One call stores what waits behind its segment; the archive must never show that it did.</summary>
public sealed class LookAheadTests(WalSamples samples) : ArchiveTest, IClassFixture<WalSamples>
{
    private IReadOnlyList<string> Names => [.. samples.Segments.Select(path => Path.GetFileName(path))];

    [Fact]
    public async Task What_waits_is_stored_in_the_first_call_and_confirmed_by_the_others()
    {
        var wal = await CreateAsync();

        (await wal.OfferAsync(Names[0])).EnsureSuccess();
        Assert.Equal(Names.Select(name => name + ".gz"), RepositoryNames.VisibleIn(Archive));
        await wal.OfferAllAsync();

        await EnsureStoredFilesAreWholeAsync(samples.Segments);
        var log = await File.ReadAllLinesAsync(Path.Combine(Archive, "archive.log"), TestContext.Current.CancellationToken);
        Assert.Equal(Names.Count - 1, log.Count(line => line.Contains("ahead of its turn", StringComparison.Ordinal)));
        Assert.Equal(Names.Count, log.Count(line => line.Contains("Already archived", StringComparison.Ordinal)));
        Assert.Empty(RepositoryNames.LeftoversIn(Archive));
    }

    [Fact]
    public async Task A_segment_that_the_server_has_not_finished_ends_it()
    {
        var wal = await CreateAsync();
        wal.Unmark(Names[2]);

        (await wal.OfferAsync(Names[0])).EnsureSuccess();

        Assert.Equal(Names.Take(2).Select(name => name + ".gz"), RepositoryNames.VisibleIn(Archive));
    }

    [Fact]
    public async Task A_file_that_is_not_what_it_is_called_ends_it_and_fails_in_its_own_call()
    {
        var wal = await CreateAsync();
        (await TestAccount.RunAsync("cp", [samples.OfAnotherCluster, wal.FilePath(Names[2])])).EnsureSuccess();

        (await wal.OfferAsync(Names[0])).EnsureSuccess();
        Assert.Equal(Names.Take(2).Select(name => name + ".gz"), RepositoryNames.VisibleIn(Archive));
        (await wal.OfferAsync(Names[1])).EnsureSuccess();

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
        var wal = await CreateAsync();

        (await wal.OfferAsync(Names[0])).EnsureSuccess();
        var refused = await wal.OfferAsync(Names[1]);

        Assert.Equal(42, refused.ExitCode);
        Assert.Contains("stored", refused.Stderr, StringComparison.Ordinal);
        Assert.Equal(await File.ReadAllBytesAsync(other, TestContext.Current.CancellationToken), await UnzipAsync(StoredPath(Names[1])));
    }

    [Fact]
    public async Task A_segment_that_changed_after_it_was_stored_ahead_is_refused()
    {
        var wal = await CreateAsync();
        (await wal.OfferAsync(Names[0])).EnsureSuccess();
        FlipByte(wal.FilePath(Names[1]), WithinFirstRecord);

        Assert.Equal(42, (await wal.OfferAsync(Names[1])).ExitCode);
        await EnsureStoredFilesAreWholeAsync(samples.Segments);
    }

    [Fact]
    public async Task Two_calls_at_once_store_each_segment_once()
    {
        var wal = await CreateAsync();

        var results = await Task.WhenAll(wal.OfferAsync(Names[0]), wal.OfferAsync(Names[0]), wal.OfferAsync(Names[1]), wal.OfferAsync(Names[0]));
        Assert.All(results, result => result.EnsureSuccess());
        await wal.OfferAllAsync();

        await EnsureStoredFilesAreWholeAsync(samples.Segments);
        Assert.Equal(Names.Count, RepositoryNames.VisibleIn(Archive).Count);
        Assert.Empty(RepositoryNames.LeftoversIn(Archive));
    }

    /// <summary>Every call that makes, changes or removes a name, on the way of the first segment and of those behind it.</summary>
    [Theory]
    [InlineData("mkdir", 2)]
    [InlineData("link,linkat", 6)]
    [InlineData("unlink,unlinkat", 6)]
    [InlineData("pwrite64", 9)]
    [InlineData("fsync", 8)]
    public async Task Killed_at_a_system_call_it_leaves_no_hole_and_nothing_wrong(string systemCall, int most)
    {
        var kills = 0;
        for (var occurrence = 1; occurrence <= most; occurrence++)
        {
            var wal = await CreateAsync($"made-up-{occurrence}");
            var result = await wal.OfferAsync(Names[0], $"{systemCall}:signal=KILL:when={occurrence}");
            kills += result.ExitCode == 0 ? 0 : 1;

            await EnsureNoHoleAsync();
            await EnsureNothingIsMissingAsync(wal);
            Forget();
        }

        Assert.NotEqual(0, kills);
    }

    [Fact]
    public Task Killed_at_any_moment_20_times_it_leaves_no_hole_and_nothing_wrong() => KillAtAnyMomentAsync(20);

    [Soak]
    public Task Killed_at_any_moment_200_times_it_leaves_no_hole_and_nothing_wrong() => KillAtAnyMomentAsync(200);

    private async Task KillAtAnyMomentAsync(int rounds)
    {
        var random = new Random(rounds);
        var kills = 0;
        // A whole call takes that long at most, so the kills are spread over all of it.
        var whole = (int)(await (await CreateAsync()).OfferAsync(Names[0])).EnsureSuccess().Elapsed.TotalMilliseconds;
        Forget();
        for (var round = 0; round < rounds; round++)
        {
            var wal = await CreateAsync($"made-up-{round}");
            await using (var call = wal.Start(Names[0]))
            {
                await Task.Delay(random.Next(whole), TestContext.Current.CancellationToken);
                call.Send(Signal.Kill);
                kills += (await call.WaitAsync()).ExitCode == 0 ? 0 : 1;
            }

            if (Directory.Exists(Archive))
            {
                await EnsureNoHoleAsync();
            }

            await EnsureNothingIsMissingAsync(wal);
            Forget();
        }

        SoakRun.Tell($"archive-wal: {kills} of {rounds} calls were killed before their end");
        Assert.NotEqual(0, kills);
    }

    private void Forget()
    {
        foreach (var entry in new DirectoryInfo(Repository).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo directory)
            {
                directory.Delete(recursive: true);
            }
            else
            {
                entry.Delete();
            }
        }
    }

    private async Task<WaitingWal> CreateAsync(string name = "made-up") => await WaitingWal.CreateAsync(await GetWorkspaceAsync(), Repository, samples.Segments, name);

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
        Assert.Equal(Names.Select(name => name + ".gz"), RepositoryNames.VisibleIn(Archive));
        await EnsureStoredFilesAreWholeAsync(samples.Segments);
        Assert.Empty(RepositoryNames.LeftoversIn(Archive));
    }
}
