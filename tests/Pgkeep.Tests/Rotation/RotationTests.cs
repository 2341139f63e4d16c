using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Rotation;
using Pgkeep.Storage.Local;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Rotation;

public sealed class RotationTests : IDisposable
{
    private static readonly RepositoryIdentity Old = new(new SystemIdentifier(7_000_000_000_000_000_001), 15, WalSegmentSize.Default);
    private static readonly RepositoryIdentity New = new(new SystemIdentifier(7_000_000_000_000_000_002), 18, new WalSegmentSize(64 * 1024 * 1024));

    private readonly TemporaryDirectory _directory = new();

    private string Aside => _directory.PathOf($"repository/old_{Old.SystemIdentifier}");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Everything_moves_and_the_marker_is_the_new_cluster_s()
    {
        var layout = Make();
        var marker = File.ReadAllText(Path.Combine(layout.BackupDirectory, "repository.json"));

        var plan = await RotateAsync(layout);

        Assert.Equal(Aside, plan!.OldRepository);
        Assert.Equal(["backup_20250108_143000", "backup_20250109_143000"], Names(Aside, "backup_*"));
        Assert.Equal(marker, File.ReadAllText(Path.Combine(Aside, "repository.json")));
        Assert.Equal("backup_20250109_143000", new FileInfo(Path.Combine(Aside, "latest")).LinkTarget);
        Assert.Equal("segment 1", File.ReadAllText(Path.Combine(Aside, "wal_archive/000000010000000000000001.gz")));
        Assert.Equal("old lines", File.ReadAllText(Path.Combine(Aside, "backup.log")));
        Assert.True(File.Exists(Path.Combine(Aside, ".pgkeep/result")));
        Assert.Equal(New, await IdentityAsync(layout.BackupDirectory));
        Assert.Equal(["backup.log", "cron.log", $"old_{Old.SystemIdentifier}", "other", "repository.json"], VisibleIn(layout.BackupDirectory));
    }

    [Fact]
    public async Task An_archive_elsewhere_rotates_inside_its_own_directory()
    {
        var layout = Make(isApart: true);

        await RotateAsync(layout);

        Assert.Equal(Old, await IdentityAsync(Aside));
        Assert.Equal(Old, await IdentityAsync(_directory.PathOf($"wal/old_{Old.SystemIdentifier}")));
        Assert.Equal(New, await IdentityAsync(layout.WalDirectory));
        Assert.Equal("segment 1", File.ReadAllText(Path.Combine(Aside, "wal_archive/000000010000000000000001.gz")));
        Assert.Equal(["README", $"old_{Old.SystemIdentifier}", "repository.json"], VisibleIn(layout.WalDirectory));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task What_was_being_received_goes_with_the_archive(bool isApart, bool isLinked)
    {
        var layout = Make(isApart);
        Directory.CreateDirectory(Path.Combine(layout.ReceivingDirectory, "pgkeep"));
        File.WriteAllText(Path.Combine(layout.ReceivingDirectory, "pgkeep/000000010000000000000002"), "its end");
        if (isLinked)
        {
            Directory.Move(layout.WalDirectory, _directory.PathOf("disk"));
            Directory.CreateSymbolicLink(layout.WalDirectory, _directory.PathOf("disk"));
        }

        await RotateAsync(layout);

        Assert.Equal("its end", File.ReadAllText(Path.Combine(Aside, "wal_archive/.receiving/pgkeep/000000010000000000000002")));
        Assert.False(Directory.Exists(layout.ReceivingDirectory));
    }

    [Fact]
    public async Task A_linked_archive_stays_where_its_link_leads()
    {
        var layout = Make();
        Directory.Move(layout.WalDirectory, _directory.PathOf("disk"));
        Directory.CreateSymbolicLink(layout.WalDirectory, _directory.PathOf("disk"));

        await RotateAsync(layout);

        Assert.Equal("segment 1", File.ReadAllText(_directory.PathOf($"disk/old_{Old.SystemIdentifier}/000000010000000000000001.gz")));
        Assert.Equal("segment 1", File.ReadAllText(Path.Combine(Aside, "wal_archive/000000010000000000000001.gz")));
        Assert.Equal(_directory.PathOf("disk"), new FileInfo(layout.WalDirectory).LinkTarget);
    }

    [Fact]
    public async Task The_old_cluster_is_refused()
    {
        var layout = Make();

        var failure = await Assert.ThrowsAsync<PgkeepException>(() => RotateAsync(layout, Old));

        Assert.Equal(ErrorKind.RepositoryMismatch, failure.Kind);
        Assert.False(Directory.Exists(Aside));
        Assert.Equal(Old, await IdentityAsync(layout.BackupDirectory));
    }

    [Fact]
    public async Task Once_more_nothing_is_done()
    {
        var layout = Make();
        await RotateAsync(layout);

        Assert.Null(await RotateAsync(layout));
        Assert.Equal(2, Names(Aside, "backup_*").Count());
    }

    [Fact]
    public async Task Something_of_the_old_repository_s_name_is_not_touched()
    {
        var layout = Make();
        Directory.CreateDirectory(Aside);
        File.WriteAllText(Path.Combine(Aside, "mine"), "");

        var failure = await Assert.ThrowsAsync<PgkeepException>(() => RotateAsync(layout));

        Assert.Equal(ErrorKind.Configuration, failure.Kind);
        Assert.Equal(Old, await IdentityAsync(layout.BackupDirectory));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Back_to_a_cluster_that_is_kept_aside_is_refused_and_told_where_it_is(bool isApart)
    {
        var layout = Make(isApart);
        await RotateAsync(layout);
        var marker = File.ReadAllText(Path.Combine(layout.BackupDirectory, "repository.json"));

        var failure = await Assert.ThrowsAsync<PgkeepException>(() => RotateAsync(layout, Old));

        Assert.Equal(ErrorKind.Configuration, failure.Kind);
        Assert.Contains(Aside, failure.Message, StringComparison.Ordinal);
        Assert.Equal(marker, File.ReadAllText(Path.Combine(layout.BackupDirectory, "repository.json")));
        Assert.False(Directory.Exists(_directory.PathOf($"repository/old_{New.SystemIdentifier}")));
        Assert.Equal(2, Names(Aside, "backup_*").Count());
    }

    /// <summary>docs/repository-format.md, "Back to an earlier cluster".</summary>
    [Fact]
    public async Task Put_back_by_hand_it_goes_on_and_the_other_one_is_aside()
    {
        var layout = Make();
        await RotateAsync(layout);
        Directory.Move(Aside, _directory.PathOf("back"));
        Directory.Move(layout.BackupDirectory, _directory.PathOf("was"));
        Directory.Move(_directory.PathOf("back"), layout.BackupDirectory);
        Directory.Move(_directory.PathOf("was"), _directory.PathOf($"repository/old_{New.SystemIdentifier}"));

        Assert.Equal(Old, await IdentityAsync(layout.BackupDirectory));
        Assert.Equal(New, await IdentityAsync(_directory.PathOf($"repository/old_{New.SystemIdentifier}")));
        Assert.Equal("segment 1", File.ReadAllText(Path.Combine(layout.WalDirectory, "000000010000000000000001.gz")));
        Assert.Null(await RotateAsync(layout, Old));
    }

    [Fact]
    public async Task While_it_is_broken_off_nobody_gets_at_the_repository_and_the_old_one_is_none()
    {
        var layout = Make();
        BreakOffAfterMoving(layout);

        var failure = await Assert.ThrowsAsync<PgkeepException>(() => IdentityAsync(layout.BackupDirectory));

        Assert.Equal(ErrorKind.RepositoryLocked, failure.Kind);
        Assert.False(File.Exists(Path.Combine(Aside, "repository.json")));
    }

    [Fact]
    public async Task It_goes_on_without_asking_which_cluster()
    {
        var layout = Make();
        BreakOffAfterMoving(layout);
        // A refused archive-wal makes the folder and writes its log.
        Directory.CreateDirectory(layout.WalDirectory);
        File.WriteAllText(layout.ArchiveLog, "refused");

        var plan = await RotationRun.RunAsync(
            layout,
            cancel => RotationPlanner.MakeAsync(layout, _ => throw new InvalidOperationException("asked"), TimeProvider.System, cancel),
            TimeProvider.System,
            TestContext.Current.CancellationToken);

        Assert.True(plan!.IsResumed);
        Assert.Equal(Old, await IdentityAsync(Aside));
        Assert.Equal(New, await IdentityAsync(layout.BackupDirectory));
        Assert.Equal("refused", File.ReadAllText(layout.ArchiveLog));
    }

    [Fact]
    public async Task A_segment_that_came_although_none_could_stops_it()
    {
        var layout = Make();
        BreakOffAfterMoving(layout);
        Directory.CreateDirectory(layout.WalDirectory);
        File.WriteAllText(Path.Combine(layout.WalDirectory, "000000010000000000000009.gz"), "");

        Assert.Equal(ErrorKind.RepositoryCorrupt, (await Assert.ThrowsAsync<PgkeepException>(() => RotateAsync(layout))).Kind);
    }

    [Fact]
    public void An_archive_wal_at_work_and_a_rotation_exclude_each_other()
    {
        var layout = Make();
        using (ArchiveLock.Share(layout))
        using (ArchiveLock.Share(layout))
        {
            Assert.Null(FileLock.TryTake(Path.Combine(layout.StateDirectory, ArchiveLock.FileName)));
        }

        using var alone = FileLock.TryTake(Path.Combine(layout.StateDirectory, ArchiveLock.FileName));
        Assert.Equal(ErrorKind.RepositoryLocked, Assert.Throws<PgkeepException>(() => ArchiveLock.Share(layout)).Kind);
    }

    /// <summary>As if it had been killed before it made the old repository's marker.</summary>
    private void BreakOffAfterMoving(RepositoryLayout layout)
    {
        var marker = Path.Combine(layout.BackupDirectory, "repository.json");
        File.WriteAllBytes(marker, new RotationMarker(File.ReadAllText(marker), System.Text.Encoding.UTF8.GetString(New.ToJson(DateTimeOffset.UnixEpoch))).ToJson());
        Directory.CreateDirectory(Aside);
        Directory.Move(layout.WalDirectory, Path.Combine(Aside, "wal_archive"));
        Directory.Move(Path.Combine(layout.BackupDirectory, "backup_20250108_143000"), Path.Combine(Aside, "backup_20250108_143000"));
    }

    private static Task<RotationPlan?> RotateAsync(RepositoryLayout layout, RepositoryIdentity? to = null) => RotationRun.RunAsync(
        layout,
        cancel => RotationPlanner.MakeAsync(layout, _ => Task.FromResult(to ?? New), TimeProvider.System, cancel),
        TimeProvider.System,
        TestContext.Current.CancellationToken);

    private static async Task<RepositoryIdentity> IdentityAsync(string directory) =>
        await RepositoryMarker.RequireAsync(new LocalStorage(directory), TestContext.Current.CancellationToken);

    private RepositoryLayout Make(bool isApart = false)
    {
        var layout = RepositoryLayout.Of(_directory.PathOf("repository"), isApart ? _directory.PathOf("wal") : null);
        foreach (var folder in new[] { "", "backup_20250108_143000", "backup_20250109_143000", ".pgkeep", "other" })
        {
            Directory.CreateDirectory(Path.Combine(layout.BackupDirectory, folder));
        }

        Directory.CreateDirectory(layout.WalDirectory);
        File.WriteAllText(Path.Combine(layout.WalDirectory, "000000010000000000000001.gz"), "segment 1");
        File.WriteAllText(Path.Combine(layout.WalDirectory, "00000002.history.gz"), "history");
        File.WriteAllText(Path.Combine(layout.WalDirectory, "README"), "");
        File.WriteAllText(layout.ArchiveLog, "");
        File.WriteAllText(layout.BackupLog, "old lines");
        File.WriteAllText(layout.CronLog, "");
        File.WriteAllText(Path.Combine(layout.StateDirectory, "result"), "");
        File.CreateSymbolicLink(layout.LatestLink, "backup_20250109_143000");
        foreach (var directory in new[] { layout.BackupDirectory, isApart ? layout.WalDirectory : layout.BackupDirectory })
        {
            File.WriteAllBytes(Path.Combine(directory, "repository.json"), Old.ToJson(DateTimeOffset.UnixEpoch));
        }

        return layout;
    }

    private static IEnumerable<string> Names(string directory, string pattern) => Directory.EnumerateDirectories(directory, pattern).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    private static IEnumerable<string> VisibleIn(string directory) =>
        Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path)).Where(name => name[0] != '.').Order(StringComparer.Ordinal);
}
