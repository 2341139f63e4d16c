using System.Buffers.Binary;
using System.Text;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;

namespace Pgkeep.Tests.Support;

/// <summary>An archive on disk with segments of 1 MiB that have sound page headers and nothing in between.</summary>
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
        var segment = new byte[Identity.WalSegmentSize.Bytes];
        // Not to be compressed: in what is, some bits of the stored file mean nothing.
        new Random((int)name.Segment).NextBytes(segment);
        for (var offset = 0; offset < segment.Length; offset += Page)
        {
            var page = segment.AsSpan(offset, Page);
            var address = name.StartLsn(Identity.WalSegmentSize) + (ulong)offset;
            page[..24].Clear();
            BinaryPrimitives.WriteUInt16LittleEndian(page, 0xD110);
            BinaryPrimitives.WriteUInt16LittleEndian(page[2..], (ushort)(offset == 0 ? WalPageFlags.LongHeader : WalPageFlags.None));
            BinaryPrimitives.WriteUInt32LittleEndian(page[4..], timelineOf?.Invoke(address) ?? name.Timeline.Value);
            BinaryPrimitives.WriteUInt64LittleEndian(page[8..], address.Value);
            if (offset == 0)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(page[24..], (cluster ?? Identity.SystemIdentifier).Value);
                BinaryPrimitives.WriteUInt32LittleEndian(page[32..], Identity.WalSegmentSize.Bytes);
                BinaryPrimitives.WriteUInt32LittleEndian(page[36..], Page);
            }
        }

        return segment;
    }

    /// <summary>Makes a page begin with the rest of a record.</summary>
    public static void SetRemaining(byte[] segment, int page, uint remaining)
    {
        var header = segment.AsSpan(page * Page);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(header[2..]) | (ushort)WalPageFlags.FirstIsContinuation));
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], remaining);
    }

    private static void Assert(bool isName) => Xunit.Assert.True(isName);
}
