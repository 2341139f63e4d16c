using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository.Prefetch;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Repository.Prefetch;

public sealed class PrefetchDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _home = new();
    private readonly string _data;
    private readonly PrefetchDirectory _directory;

    public PrefetchDirectoryTests()
    {
        _data = Directory.CreateDirectory(_home.PathOf("main")).FullName;
        _directory = PrefetchDirectory.Of(_data, null);
    }

    public void Dispose() => _home.Dispose();

    [Fact]
    public void It_lies_beside_the_data_directory_itself_not_beside_a_link_to_it()
    {
        Directory.CreateDirectory(_home.PathOf("links"));
        File.CreateSymbolicLink(_home.PathOf("links/data"), _data);

        Assert.Equal(_home.PathOf(".main.pgkeep-prefetch"), _directory.Path);
        Assert.Equal(_directory.Path, PrefetchDirectory.Of(_home.PathOf("links/data"), null).Path);
    }

    [Theory]
    [InlineData("main")]
    [InlineData("main/pg_wal")]
    [InlineData("into")]
    public void A_place_inside_the_data_directory_is_refused(string place)
    {
        File.CreateSymbolicLink(_home.PathOf("into"), _data);

        var failure = Assert.Throws<PgkeepException>(() => PrefetchDirectory.Of(_data, _home.PathOf(place)));
        Assert.Equal(ErrorKind.Configuration, failure.Kind);
    }

    [Fact]
    public void Two_clusters_share_a_place_but_not_a_directory()
    {
        var place = _home.PathOf("main-fast");
        var other = Directory.CreateDirectory(_home.PathOf("other/main")).FullName;

        Assert.Equal(place, Path.GetDirectoryName(PrefetchDirectory.Of(_data, place).Path));
        Assert.NotEqual(PrefetchDirectory.Of(_data, place).Path, PrefetchDirectory.Of(other, place).Path);
    }

    [Fact]
    public void It_belongs_to_its_account_alone()
    {
        Assert.True(_directory.TryCreate());
        Assert.True(_directory.TryCreate());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory.Path));

        File.SetUnixFileMode(_directory.Path, (UnixFileMode)0b111_111_111);
        Assert.False(_directory.TryCreate());
    }

    [Fact]
    public void A_link_or_a_file_in_its_place_is_not_used()
    {
        var elsewhere = PrefetchDirectory.Of(_home.PathOf("other"), null);
        File.CreateSymbolicLink(_directory.Path, _data);
        File.WriteAllText(elsewhere.Path, "");

        Assert.False(_directory.TryCreate());
        Assert.False(_directory.Exists);
        Assert.False(elsewhere.TryCreate());
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_no_failure()
    {
        Assert.False(PrefetchDirectory.Of(_data, "/proc/nothing").TryCreate());
        Assert.False(PrefetchDirectory.Of("/proc/nothing/data", null).TryCreate());
    }

    [Fact]
    public void Only_the_segments_of_a_range_stay_and_what_is_not_ours()
    {
        _directory.TryCreate();
        Write(_directory.PathOf(Segment(1)), _directory.PathOf(Segment(2)), _directory.PathOf(Segment(3)), _directory.PathOf(Segment(4)), _directory.PathOf(Segment(3, timeline: 2)));
        Write(_directory.TemporaryPathOf(Segment(3)), Path.Combine(_directory.Path, "notes"), Path.Combine(_directory.Path, Segment(1).ToString()));

        _directory.Keep(Segment(2), Segment(3));

        string[] left = [Segment(1).ToString(), $"{Segment(2)}.prefetched", $"{Segment(3)}.prefetched", "notes"];
        Assert.Equal(left, Names());
    }

    [Theory]
    [InlineData(5, 1, true)]
    [InlineData(6, 2, true)]
    [InlineData(4, 1, false)]
    public void It_goes_only_when_nothing_in_it_can_be_wanted(uint ready, uint timeline, bool isLeft)
    {
        _directory.TryCreate();
        Write(_directory.PathOf(Segment(ready, timeline)), _directory.TemporaryPathOf(Segment(1)));

        _directory.RemoveUnlessWanted(Segment(5));

        Assert.Equal(isLeft, _directory.Exists);
    }

    [Fact]
    public void It_stays_while_somebody_fills_it()
    {
        _directory.TryCreate();
        using (_directory.TryLock())
        {
            Assert.True(_directory.IsBeingFilled());
            _directory.RemoveUnlessWanted(Segment(5));
            Assert.True(_directory.Exists);
        }

        Assert.False(_directory.IsBeingFilled());
        _directory.RemoveUnlessWanted(Segment(5));
        Assert.False(_directory.Exists);
    }

    [Fact]
    public void Of_a_cluster_that_is_out_of_recovery_all_goes_also_what_is_being_filled()
    {
        _directory.TryCreate();
        Write(_directory.PathOf(Segment(1)), _directory.TemporaryPathOf(Segment(2)));
        using var filling = _directory.TryLock();

        PrefetchDirectory.RemoveFor(_data);

        Assert.Equal(["main"], Directory.EnumerateFileSystemEntries(_home.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("recovery.signal")]
    [InlineData("standby.signal")]
    public void Of_a_cluster_in_recovery_nothing_goes(string signal)
    {
        Write(Path.Combine(_data, signal));
        _directory.TryCreate();
        Write(_directory.PathOf(Segment(1)));

        PrefetchDirectory.RemoveFor(_data);

        Assert.True(_directory.Has(Segment(1)));
    }

    [Fact]
    public void What_a_killed_removal_has_left_goes_with_the_next()
    {
        Directory.CreateDirectory(_directory.Path + "-removed");
        Write(Path.Combine(_directory.Path + "-removed", $"{Segment(1)}.prefetched"));
        _directory.TryCreate();

        PrefetchDirectory.RemoveFor(_data);

        Assert.Equal(["main"], Directory.EnumerateFileSystemEntries(_home.Path).Select(Path.GetFileName));
    }

    private static WalSegmentName Segment(uint number, uint timeline = 1) => new(new TimelineId(timeline), 0, number);

    private static void Write(params string[] paths)
    {
        foreach (var path in paths)
        {
            File.WriteAllText(path, "x");
        }
    }

    private IEnumerable<string?> Names() => Directory.EnumerateFiles(_directory.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal);
}
