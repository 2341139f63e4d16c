using Pgkeep.Archive.Receive;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Archive.Receive;

public sealed class ReceivingDirectoryTests : IDisposable
{
    private static readonly SystemIdentifier Other = new(7_000_000_000_000_000_002);

    private readonly TemporaryDirectory _directory = new();
    private readonly ReceivingDirectory _receiving;

    public ReceivingDirectoryTests() => _receiving = ReceivingDirectory.Take(RepositoryLayout.Of(_directory.Path, _directory.Path), "pgkeep");

    public void Dispose()
    {
        _receiving.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void What_another_cluster_sent_is_set_aside_and_the_own_stays()
    {
        Put(MadeUpArchive.Name(1, 4), Other);
        Put(MadeUpArchive.Name(1, 5), MadeUpArchive.Identity.SystemIdentifier);

        var (segment, kept) = Assert.Single(_receiving.SetAsideOthers(MadeUpArchive.Identity.SystemIdentifier));

        Assert.Equal((MadeUpArchive.Name(1, 4), $"{_receiving.PathOf(segment)}.of_{Other}"), (segment, kept));
        Assert.True(File.Exists(kept));
        Assert.Equal([MadeUpArchive.Name(1, 5)], _receiving.List(MadeUpArchive.Identity).Select(received => received.Name));
    }

    [Fact]
    public void What_was_set_aside_before_is_kept_too()
    {
        var name = MadeUpArchive.Name(1, 4);
        Put(name, Other);
        var first = _receiving.SetAside(name, "partial");
        Put(name, Other);
        var second = _receiving.SetAside(name, "partial");

        Assert.NotEqual(first, second);
        Assert.True(File.Exists(first) && File.Exists(second));
        Assert.Empty(_receiving.List(MadeUpArchive.Identity));
    }

    [Fact]
    public void Only_the_segment_right_behind_it_shows_that_one_is_whole()
    {
        WalSegmentName[] names = [MadeUpArchive.Name(1, 4), MadeUpArchive.Name(1, 5), MadeUpArchive.Name(1, 9)];

        Assert.Equal([true, false, false], names.Select(name => ReceivedWal.IsWhole(name, names, MadeUpArchive.Identity.WalSegmentSize)));
    }

    private void Put(WalSegmentName name, SystemIdentifier cluster) => File.WriteAllBytes(_receiving.PathOf(name), MadeUpArchive.Segment(name, cluster));
}
