using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Pgkeep.Postgres;

/// <summary>
/// The header of a WAL page; the long form on the first page of a segment tells which cluster the segment belongs to.
/// </summary>
/// <remarks>
/// A header is well-formed when its flags are known and, in the long form, its sizes possible. Whether it is the header that should be
/// there (magic, timeline, address, identifier) is for the caller to ask, who knows what to expect. PostgreSQL reuses old segments, so
/// behind the end of WAL lie well-formed pages with lower addresses.
/// <code>
///  0 uint16      xlp_magic
///  2 uint16      xlp_info
///  4 TimeLineID  xlp_tli
///  8 XLogRecPtr  xlp_pageaddr
/// 16 uint32      xlp_rem_len
/// 24 uint64      xlp_sysid          long form only, from here on
/// 32 uint32      xlp_seg_size
/// 36 uint32      xlp_xlog_blcksz
/// </code>
/// </remarks>
/// <param name="Magic">Tells the major version: <see cref="PostgresVersion.TryGetByWalMagic"/>.</param>
/// <param name="Timeline">Of the first record on the page. In the segment of a switch it is still the parent's.</param>
/// <param name="RemainingLength">The bytes still to come of a record that began before the page.</param>
// PostgreSQL src/include/access/xlog_internal.h, XLogPageHeaderData and XLogLongPageHeaderData, as compiled for 64 bits
internal sealed record WalPageHeader(ushort Magic, WalPageFlags Flags, TimelineId Timeline, Lsn PageAddress, uint RemainingLength)
{
    public const int ShortLength = 24;
    public const int LongLength = 40;

    private const int FlagsOffset = 2;
    private const int TimelineOffset = 4;
    private const int PageAddressOffset = 8;
    private const int RemainingLengthOffset = 16;
    private const int SystemIdentifierOffset = 24;
    private const int SegmentSizeOffset = 32;
    private const int BlockSizeOffset = 36;

    private const WalPageFlags AllFlags = WalPageFlags.FirstIsContinuation
        | WalPageFlags.LongHeader
        | WalPageFlags.BackupBlocksRemovable
        | WalPageFlags.FirstIsOverwriteContinuation;

    public bool IsLong => Flags.HasFlag(WalPageFlags.LongHeader);

    /// <summary>This and the two below are null in the short form.</summary>
    public SystemIdentifier? SystemIdentifier { get; private init; }

    public WalSegmentSize? SegmentSize { get; private init; }

    public uint? BlockSize { get; private init; }

    /// <summary>Reads the header at the beginning of a page; what follows it does not matter.</summary>
    public static bool TryParse(ReadOnlySpan<byte> page, [NotNullWhen(true)] out WalPageHeader? value, out string problem)
    {
        value = null;
        problem = "";
        if (page.Length < ShortLength)
        {
            problem = $"{page.Length} bytes are too few for the header of a WAL page";
            return false;
        }

        var flags = (WalPageFlags)BinaryPrimitives.ReadUInt16LittleEndian(page[FlagsOffset..]);
        if ((flags & ~AllFlags) != WalPageFlags.None)
        {
            problem = $"the header of a WAL page has the flags \"{(int)flags:X4}\"";
            return false;
        }

        var header = new WalPageHeader(
            BinaryPrimitives.ReadUInt16LittleEndian(page),
            flags,
            new TimelineId(BinaryPrimitives.ReadUInt32LittleEndian(page[TimelineOffset..])),
            new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(page[PageAddressOffset..])),
            BinaryPrimitives.ReadUInt32LittleEndian(page[RemainingLengthOffset..]));
        value = header.IsLong ? header.ReadLongForm(page, out problem) : header;
        return value is not null;
    }

    private WalPageHeader? ReadLongForm(ReadOnlySpan<byte> page, out string problem)
    {
        if (page.Length < LongLength)
        {
            problem = $"{page.Length} bytes are too few for the long header of a WAL page";
            return null;
        }

        var segmentSize = BinaryPrimitives.ReadUInt32LittleEndian(page[SegmentSizeOffset..]);
        if (!WalSegmentSize.IsValid(segmentSize))
        {
            problem = $"the header of a WAL page has the segment size \"{segmentSize}\"";
            return null;
        }

        problem = "";
        return this with
        {
            SystemIdentifier = new SystemIdentifier(BinaryPrimitives.ReadUInt64LittleEndian(page[SystemIdentifierOffset..])),
            SegmentSize = new WalSegmentSize(segmentSize),
            BlockSize = BinaryPrimitives.ReadUInt32LittleEndian(page[BlockSizeOffset..]),
        };
    }
}
