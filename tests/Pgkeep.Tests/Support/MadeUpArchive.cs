using System.Text;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;

namespace Pgkeep.Tests.Support;

/// <summary>An archive on disk with segments of 1 MiB in which each page is filled by one record.</summary>
internal sealed class MadeUpArchive : IDisposable
{
    public const int Page = 8192;

    public static readonly RepositoryIdentity Identity = new(new SystemIdentifier(7_000_000_000_000_000_001), 15, new WalSegmentSize(1024 * 1024));

    private readonly TemporaryDirectory _directory = new();

    public MadeUpArchive() => Archive = new WalArchive(new LocalStorage(_directory.Path), "");

    public WalArchive Archive { get; }

    public void Dispose() => _directory.Dispose();

    public string PathOf(string name) => _directory.PathOf(name + ".gz");

    public static WalSegmentName Name(uint timeline, ulong number) => WalSegmentName.FromNumber(new TimelineId(timeline), number, Identity.WalSegmentSize);

    /// <summary>Stores consecutive segments.</summary>
    public async Task AddAsync(uint timeline, int first, int last)
    {
        for (var number = first; number <= last; number++)
        {
            await StoreAsync(Name(timeline, (ulong)number).ToString(), Segment(Name(timeline, (ulong)number)));
        }
    }

    public Task AddHistoryAsync(uint timeline, string text, DateTimeOffset? writtenAt = null) => StoreAsync($"{timeline:X8}.history", Encoding.ASCII.GetBytes(text), writtenAt: writtenAt);

    public async Task StoreAsync(string name, byte[] content, SystemIdentifier? cluster = null, DateTimeOffset? writtenAt = null)
    {
        Assert(WalFileName.TryParse(name, out var file));
        await Archive.StoreAsync(file!, content, cluster ?? Identity.SystemIdentifier, 1, writtenAt ?? DateTimeOffset.UnixEpoch, CancellationToken.None);
    }

    /// <param name="timelineOf">Of each page, by its address; the segment's own where it is left out.</param>
    public static byte[] Segment(WalSegmentName name, SystemIdentifier? cluster = null, Func<Lsn, uint>? timelineOf = null)
    {
        var wal = Begin(name, cluster, timelineOf);
        while (wal.Position < name.Next(Identity.WalSegmentSize).StartLsn(Identity.WalSegmentSize))
        {
            wal.FillPage();
        }

        return wal.ToArray();
    }

    /// <summary>For a segment of its own kind: the one before it ends with a record that has a page.</summary>
    public static WalBuilder Begin(WalSegmentName name, SystemIdentifier? cluster = null, Func<Lsn, uint>? timelineOf = null)
    {
        var start = name.StartLsn(Identity.WalSegmentSize);
        return new WalBuilder(start)
        {
            Cluster = cluster ?? Identity.SystemIdentifier,
            TimelineOf = timelineOf ?? (_ => name.Timeline.Value),
            Previous = new Lsn(start.Value - Page + WalPageHeader.ShortLength),
        };
    }

    private static void Assert(bool isName) => Xunit.Assert.True(isName);
}
