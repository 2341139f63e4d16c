using System.Buffers.Binary;

namespace Pgkeep.Postgres;

/// <summary>
/// Whether a server has finished a segment: its WAL reaches the last page, or a switch ends it early and all behind that is zero. One with zeros behind
/// anything else was still being written, wherever it was copied from. One that has an older segment's pages there cannot be told so.
/// </summary>
// PostgreSQL src/backend/access/transam/xlog.c, CopyXLogRecordToWAL, which zeroes what is behind a switch; src/include/access/xlogrecord.h, XLogRecord
internal static class WalSegmentEnding
{
    public const uint SmallestBlock = 1024;
    public const uint LargestBlock = 64 * 1024;

    private const int RecordLength = 24;
    private const int Alignment = 8;
    private const int InfoOffset = 16;
    private const int ManagerOffset = 17;
    private const int ChecksumOffset = 20;
    private const byte SwitchInfo = 0x40;
    private const byte LogManager = 0;

    /// <summary>The lower four bits are not the resource manager's (XLR_INFO_MASK).</summary>
    private const byte InfoMask = 0xF0;

    private const int PieceLength = 256 * 1024;

    internal delegate void ReadAt(Span<byte> target, long offset);

    /// <param name="length">Of the segment, whose pages are known to be its own as far as they matter.</param>
    /// <param name="blockSize">XLOG_BLCKSZ, which divides it.</param>
    /// <param name="read">Fills the target with what is at an offset of the segment.</param>
    /// <returns>The offset behind the last byte that is not zero, where the segment was not finished; null where it was.</returns>
    public static long? FindUnfinished(long length, int blockSize, ReadAt read)
    {
        var two = new byte[2 * blockSize];
        var last = two.AsSpan(blockSize);
        read(last, length - blockSize);
        if (last.ContainsAnyExcept((byte)0))
        {
            return null;
        }

        var piece = new byte[(int)Math.Min(length, PieceLength)];
        for (var offset = length - piece.Length; ; offset = Math.Max(0, offset - piece.Length))
        {
            read(piece, offset);
            if (piece.AsSpan().LastIndexOfAnyExcept((byte)0) is >= 0 and var found)
            {
                var page = (offset + found) / blockSize * blockSize;
                read(last, page);
                if (page > 0)
                {
                    read(two.AsSpan(0, blockSize), page - blockSize);
                }

                return EndsWithSwitch(page > 0 ? two.AsSpan(0, blockSize) : [], last) ? null : offset + found + 1;
            }

            if (offset == 0)
            {
                return 0;
            }
        }
    }

    /// <param name="before">The page before it in the segment; empty where there is none.</param>
    /// <param name="page">The last one that is not all zero.</param>
    public static bool EndsWithSwitch(ReadOnlySpan<byte> before, ReadOnlySpan<byte> page)
    {
        if (!WalPageHeader.TryParse(page, out var header, out _))
        {
            return false;
        }

        // Records begin and end at multiples of 8, and the last 8 bytes of this one are never all zero.
        var begin = header.IsLong ? WalPageHeader.LongLength : WalPageHeader.ShortLength;
        var end = (page.LastIndexOfAnyExcept((byte)0) + Alignment) / Alignment * Alignment;
        var here = end - begin;
        if (here >= RecordLength)
        {
            return IsSwitch(page[(end - RecordLength)..end]);
        }

        if (here <= 0 || !header.Flags.HasFlag(WalPageFlags.FirstIsContinuation) || header.RemainingLength != here)
        {
            return false;
        }

        if (before.IsEmpty)
        {
            // It begins in the segment before, so its checksum cannot be computed.
            return IsSwitchKind(page[(end - RecordLength + InfoOffset)..]);
        }

        Span<byte> record = stackalloc byte[RecordLength];
        before[^(RecordLength - here)..].CopyTo(record);
        page[begin..end].CopyTo(record[(RecordLength - here)..]);
        return IsSwitch(record);
    }

    private static bool IsSwitch(ReadOnlySpan<byte> record) =>
        BinaryPrimitives.ReadUInt32LittleEndian(record) == RecordLength
        && IsSwitchKind(record[InfoOffset..])
        && BinaryPrimitives.ReadUInt32LittleEndian(record[ChecksumOffset..]) == Crc32C.Compute(record[..ChecksumOffset]);

    private static bool IsSwitchKind(ReadOnlySpan<byte> fromInfo) =>
        (fromInfo[0] & InfoMask) == SwitchInfo && fromInfo[ManagerOffset - InfoOffset] == LogManager;
}
