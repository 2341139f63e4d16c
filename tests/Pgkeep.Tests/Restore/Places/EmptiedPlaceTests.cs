using Pgkeep.Diagnostics;
using Pgkeep.Restore.Places;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore.Places;

/// <summary>A data directory and a tablespace whose entries move one by one, broken off after each step.</summary>
public sealed class EmptiedPlaceTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2025, 1, 8, 14, 35, 12, TimeSpan.Zero);

    private readonly TemporaryDirectory _root = new();

    private string Data => Path.Combine(_root.Path, "data");

    private string Tablespace => Path.Combine(_root.Path, "tablespace/PG_15_1");

    private string Old => Path.Combine(Data, ".pgkeep-old-20250108T143512");

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Moved_aside_and_put_back_all_is_as_before()
    {
        var journal = Prepare();

        OldCluster.MoveAside(journal);
        var left = Directory.EnumerateFileSystemEntries(Data).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToList();
        OldCluster.PutBack(RestoreJournal.Find(Data)!, discard: true);

        Assert.Equal([".pgkeep-old-20250108T143512", ".pgkeep-old-20250108T143512.journal", "lost+found", "pg_wal"], left);
        EnsureOldIsBack();
        Assert.Null(RestoreJournal.Find(Data));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Broken_off_on_the_way_aside_it_comes_back_whole_and_cannot_start_in_between(int moved)
    {
        var journal = Prepare();
        journal.Write();
        var place = journal.Places[0];
        Directory.CreateDirectory(place.Moving);
        // In the order in which they go.
        foreach (var name in new[] { "global", "PG_VERSION", "base" }.Take(moved))
        {
            Directory.Move(Path.Combine(Data, name), Path.Combine(place.Moving, name));
        }

        var found = RestoreJournal.FindBrokenOff(Data);
        var canStart = File.Exists(Path.Combine(Data, "global/pg_control"));
        OldCluster.PutBack(found!, discard: found!.IsPartialCopy);

        Assert.Equal(moved == 0, canStart);
        EnsureOldIsBack();
        Assert.Empty(JournalFiles.Of(Data));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_rollback_that_was_broken_off_on_the_way_goes_on_and_keeps_what_was_restored(int moved)
    {
        var journal = Restore();
        (journal with { IsOver = true }).Write();
        var undoing = RestoreJournal.Find(Data)!.Become(RestoreState.Undoing);
        var place = undoing.Places[0];
        Directory.CreateDirectory(place.Undone + ".partial");
        foreach (var name in new[] { "global", "PG_VERSION", "base" }.Take(moved))
        {
            Directory.Move(Path.Combine(Data, name), Path.Combine(place.Undone + ".partial", name));
        }

        var kept = OldCluster.PutBack(RestoreJournal.FindBrokenOff(Data)!, discard: RestoreJournal.Find(Data)!.IsPartialCopy);

        EnsureOldIsBack();
        Assert.Equal(undoing.Places.Select(one => one.Undone), kept);
        Assert.All(new[] { "PG_VERSION", "base/1", "global/pg_control" }, name => Assert.Equal("new", File.ReadAllText(Path.Combine(kept[0], name))));
        Assert.Equal("new", File.ReadAllText(Path.Combine(kept[^1], "1")));
        Assert.Equal(RestoreState.Undone, Assert.Single(JournalFiles.Of(Data)).State);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_rollback_that_was_broken_off_while_the_old_entries_come_back_goes_on(int back)
    {
        var journal = Prepare();
        OldCluster.MoveAside(journal);
        var place = journal.Places[0];
        Directory.Move(place.Aside, place.Moving);
        // In the order in which they come.
        foreach (var name in new[] { "PG_VERSION", "base", "global" }.Take(back))
        {
            Directory.Move(Path.Combine(place.Moving, name), Path.Combine(Data, name));
        }

        var canStart = File.Exists(Path.Combine(Data, "global/pg_control"));
        OldCluster.PutBack(RestoreJournal.FindBrokenOff(Data)!, discard: RestoreJournal.Find(Data)!.IsPartialCopy);

        Assert.Equal(back == 3, canStart);
        EnsureOldIsBack();
    }

    [Fact]
    public void What_a_restore_wrote_is_removed_and_what_earlier_ones_left_stays()
    {
        Directory.CreateDirectory(Path.Combine(Data, ".pgkeep-undone-1"));
        Restore();

        OldCluster.PutBack(RestoreJournal.Find(Data)!, discard: true);

        EnsureOldIsBack();
        Assert.True(Directory.Exists(Path.Combine(Data, ".pgkeep-undone-1")));
        Assert.True(Directory.Exists(Path.Combine(Data, "lost+found")));
    }

    [Fact]
    public void Where_a_part_of_the_old_cluster_is_can_be_asked_at_any_time()
    {
        var journal = Prepare();
        var control = Path.Combine(Data, "global/pg_control");
        var before = (journal.NowAt(control), journal.OldDataDirectoryNow);

        OldCluster.MoveAside(journal);

        Assert.Equal((control, Data), before);
        Assert.Equal((Path.Combine(Old, "global/pg_control"), Old), (journal.NowAt(control), journal.OldDataDirectoryNow));
        Assert.Equal(Path.Combine(Data, "pg_wal/.pgkeep-old-20250108T143512/1"), journal.NowAt(Path.Combine(Data, "pg_wal/1")));
        Assert.Equal("/elsewhere", journal.NowAt("/elsewhere"));
    }

    [Fact]
    public void A_place_whose_disk_is_not_there_is_not_taken_for_one_that_is_back()
    {
        var journal = Prepare();
        OldCluster.MoveAside(journal);
        Directory.Move(Path.Combine(_root.Path, "tablespace"), Path.Combine(_root.Path, "unmounted"));

        var failure = Assert.Throws<PgkeepException>(() => OldCluster.PutBack(journal, discard: true));

        Assert.Contains(Tablespace, failure.Message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Old));
    }

    [Fact]
    public void A_mount_point_that_is_none_any_more_is_refused()
    {
        Prepare();
        var journal = RestoreJournal.Plan([new PlannedPlace(Data, true, IsEmptied: true, IsMountPoint: true)], Now);
        OldCluster.MoveAside(journal);

        var failure = Assert.Throws<PgkeepException>(() => OldCluster.PutBack(journal, discard: true));

        Assert.Contains("was a mount point", failure.Message, StringComparison.Ordinal);
    }

    private static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private static void Fill(string data, string tablespace, string text)
    {
        foreach (var name in new[] { "PG_VERSION", "base/1", "global/pg_control", "pg_wal/1" })
        {
            Write(Path.Combine(data, name), text);
        }

        Write(Path.Combine(tablespace, "1"), text);
    }

    /// <summary>With WAL on a disk of its own, which is mounted in the data directory.</summary>
    private RestoreJournal Prepare()
    {
        Fill(Data, Tablespace, "old");
        Directory.CreateDirectory(Path.Combine(Data, "lost+found"));
        return RestoreJournal.Plan(
            [
                new PlannedPlace(Data, true, IsEmptied: true, Stays: ["pg_wal"]),
                new PlannedPlace(Path.Combine(Data, "pg_wal"), true, IsEmptied: true),
                new PlannedPlace(Tablespace, true, IsEmptied: true),
            ],
            Now);
    }

    private RestoreJournal Restore()
    {
        var journal = Prepare();
        OldCluster.MoveAside(journal);
        Fill(Data, Tablespace, "new");
        return journal;
    }

    private void EnsureOldIsBack()
    {
        Assert.All(new[] { "PG_VERSION", "base/1", "global/pg_control", "pg_wal/1" }, name => Assert.Equal("old", File.ReadAllText(Path.Combine(Data, name))));
        Assert.Equal("old", File.ReadAllText(Path.Combine(Tablespace, "1")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Data, ".pgkeep-old-*", SearchOption.AllDirectories));
    }
}
