using Pgkeep.Diagnostics;
using Pgkeep.Restore.Places;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore.Places;

public sealed class RestoreSpaceTests : IDisposable
{
    private const long Segment = 16 << 20;

    private readonly TemporaryDirectory _root = new();

    private string Data => _root.PathOf("not/there/yet/data");

    public void Dispose() => _root.Dispose();

    [Fact]
    public void What_lies_on_one_file_system_is_added_up()
    {
        var space = RestoreSpace.Measure(
            [new SpacePart(Data, "data directory", 1000), new SpacePart(_root.Path, "tablespace 16400", 2000), RestoreSpace.Wal(Path.Combine(Data, "pg_wal"), Segment, stored: 3, replayed: 10)], _ => 0);

        var disk = Assert.Single(space.Disks);
        Assert.Equal(3000 + (5 * Segment), disk.Needed);
        Assert.Equal(10 * Segment, disk.Replay);
        Assert.Equal(["data directory", "tablespace 16400", "WAL"], disk.Holds);
        Assert.Equal(_root.Path, disk.Place);
    }

    [Fact]
    public void Too_little_is_refused_with_the_numbers()
    {
        var space = RestoreSpace.Measure([new SpacePart(Data, "data directory", 1L << 60)], _ => 0);

        var failure = Assert.Throws<PgkeepException>(() => space.Require(Data, []));

        Assert.Equal(ErrorKind.StorageFull, failure.Kind);
        Assert.Contains("1.0E", failure.Message, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", failure.Hints);
    }

    [Fact]
    public void An_earlier_restore_s_old_cluster_on_that_disk_is_named_with_its_size()
    {
        Directory.CreateDirectory(_root.PathOf("data.before-20250108T143512"));
        File.WriteAllBytes(_root.PathOf("data.before-20250108T143512/file"), new byte[4096]);
        var data = _root.PathOf("data");
        RestoreJournal.Plan([new PlannedPlace(data, false)], DateTimeOffset.UnixEpoch).Write();
        var journal = RestoreJournal.Find(data)! with { Places = [new RestoredPlace(data, data + ".before-20250108T143512", true)] };
        var space = RestoreSpace.Measure([new SpacePart(data, "data directory", 1L << 60)], _ => 0);

        var failure = Assert.Throws<PgkeepException>(() => space.Require(data, [KeptData.Of(journal)]));

        Assert.Contains(failure.Hints, hint => hint.Contains("4.0K", StringComparison.Ordinal) && hint.Contains($"pgkeep restore forget 20250108T143512 --pgdata {data}", StringComparison.Ordinal));
    }

    [Fact]
    public void What_a_broken_off_restore_has_copied_counts_as_free()
    {
        var need = RestoreSpace.Measure([new SpacePart(Data, "data directory", 1L << 60)], _ => 1L << 61);

        need.Require(Data, []);
    }

    [Fact]
    public void Room_for_the_copy_alone_is_tight()
    {
        var disk = new DiskNeed("/", ["data directory"], Needed: 10, Replay: 20, Free: 15);

        Assert.True(disk.IsTight);
        Assert.False(disk.IsTooSmall);
    }
}
