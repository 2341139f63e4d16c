using System.Buffers.Binary;
using Pgkeep.Postgres.Pages;

namespace Pgkeep.Postgres.Wal.Changes;

/// <summary>
/// Which rows a heap record adds and takes away, and what it has of them. The record must be held as a whole.
/// </summary>
// PostgreSQL src/include/access/heapam_xlog.h, xl_heap_insert, xl_heap_header, xl_heap_update, xl_heap_delete, xl_heap_multi_insert, xl_multi_insert_tuple, XLH_UPDATE_*;
// src/backend/access/heap/heapam_xlog.c, heap_xlog_insert and so on (up to 17 heapam.c); the same in 13 to 18
internal static class HeapRows
{
    private const byte InitPage = 0x80;

    // xl_heap_header: t_infomask2, t_infomask, t_hoff
    private const int ColumnsOffsetOffset = 4;
    private const int RowHeaderLength = 5;

    // xl_heap_delete and xl_heap_update begin alike
    private const int OldOffset = 4;
    private const int UpdateFlagsOffset = 7;
    private const int NewOffset = 12;
    private const int UpdateLength = 14;
    private const byte PrefixFromOld = 1 << 5;
    private const byte SuffixFromOld = 1 << 6;

    // xl_heap_multi_insert and xl_multi_insert_tuple: datalen, then as xl_heap_header
    private const int OffsetsOffset = 4;
    private const int ManyHeaderLength = 7;

    /// <summary>Of an insertion of one row.</summary>
    public static bool TryReadInsert(in WalRecord record, WalRecordBody body, out NewRow row)
    {
        row = default;
        return body.MainData(record) is { Length: >= sizeof(ushort) } main
            && TryRead(body.Data(record, body.Blocks[0]), new TupleId(body.Blocks[0].Block, BinaryPrimitives.ReadUInt16LittleEndian(main)), 0, out row);
    }

    public static bool TryReadDelete(in WalRecord record, WalRecordBody body, out TupleId old)
    {
        var main = body.MainData(record);
        var isRead = main.Length >= OldOffset + sizeof(ushort);
        old = isRead ? new TupleId(body.Blocks[0].Block, BinaryPrimitives.ReadUInt16LittleEndian(main[OldOffset..])) : default;
        return isRead;
    }

    public static bool TryReadUpdate(in WalRecord record, WalRecordBody body, out TupleId old, out NewRow row)
    {
        old = default;
        row = default;
        if (body.MainData(record) is not { Length: >= UpdateLength } main)
        {
            return false;
        }

        var blocks = body.Blocks;
        old = new TupleId(OldBlock(blocks), BinaryPrimitives.ReadUInt16LittleEndian(main[OldOffset..]));
        return TryRead(
            body.Data(record, blocks[0]), new TupleId(blocks[0].Block, BinaryPrimitives.ReadUInt16LittleEndian(main[NewOffset..])), main[UpdateFlagsOffset], out row);
    }

    /// <param name="columns">Empty where an image of the page has them instead.</param>
    // xl_heap_inplace begins with the line pointer's number; the data are the columns
    public static bool TryReadInPlace(in WalRecord record, WalRecordBody body, out TupleId place, out ReadOnlySpan<byte> columns)
    {
        var main = body.MainData(record);
        var isRead = main.Length >= sizeof(ushort) && body.Blocks.Length > 0;
        place = isRead ? new TupleId(body.Blocks[0].Block, BinaryPrimitives.ReadUInt16LittleEndian(main)) : default;
        columns = isRead ? body.Data(record, body.Blocks[0]) : [];
        return isRead;
    }

    /// <param name="index">From 0 on.</param>
    /// <param name="position">Where the row's data begin; 0 for the first. Is moved on.</param>
    public static bool TryReadMany(in WalRecord record, WalRecordBody body, int index, ref int position, out NewRow row)
    {
        row = default;
        var main = body.MainData(record);
        var isInit = (record.Header.Info & InitPage) != 0;
        var offset = OffsetsOffset + (index * sizeof(ushort));
        if (!isInit && main.Length < offset + sizeof(ushort))
        {
            return false;
        }

        // On a page that is made with it, the rows have the first numbers.
        var place = new TupleId(body.Blocks[0].Block, isInit ? (ushort)(index + 1) : BinaryPrimitives.ReadUInt16LittleEndian(main[offset..]));
        if (body.Blocks[0].DataLength == 0)
        {
            row = new NewRow { Place = place, IsInRecord = false };
            return true;
        }

        var data = body.Data(record, body.Blocks[0]);
        position += position & 1;
        if (data.Length < position + ManyHeaderLength)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt16LittleEndian(data[position..]);
        var end = position + ManyHeaderLength + length;
        if (data.Length < end || !TryReadRow(data[(position + sizeof(ushort))..end], place, 0, 0, out row))
        {
            return false;
        }

        position = end;
        return true;
    }

    /// <summary>That of the number 1, or the new version's own. Blocks of the visibility map may come behind (18.6 has them).</summary>
    private static uint OldBlock(ReadOnlySpan<WalBlockReference> blocks)
    {
        foreach (ref readonly var block in blocks)
        {
            if (block is { Id: 1, Fork: RelationFork.Main })
            {
                return block.Block;
            }
        }

        return blocks[0].Block;
    }

    private static bool TryRead(ReadOnlySpan<byte> data, TupleId place, byte flags, out NewRow row)
    {
        row = new NewRow { Place = place, IsInRecord = false };
        return data.IsEmpty || (TryReadNumber(ref data, flags & PrefixFromOld, out var prefix) && TryReadNumber(ref data, flags & SuffixFromOld, out var suffix)
            && TryReadRow(data, place, prefix, suffix, out row));
    }

    private static bool TryReadNumber(ref ReadOnlySpan<byte> data, int isThere, out ushort number)
    {
        number = 0;
        if (isThere == 0)
        {
            return true;
        }

        var isRead = BinaryPrimitives.TryReadUInt16LittleEndian(data, out number);
        data = isRead ? data[sizeof(ushort)..] : data;
        return isRead;
    }

    private static bool TryReadRow(ReadOnlySpan<byte> data, TupleId place, ushort prefix, ushort suffix, out NewRow row)
    {
        row = default;
        if (data.Length < RowHeaderLength)
        {
            return false;
        }

        var begin = RowHeaderLength + data[ColumnsOffsetOffset] - HeapTuple.HeaderLength;
        if (begin < RowHeaderLength || begin > data.Length)
        {
            return false;
        }

        row = new NewRow { Place = place, IsInRecord = true, Columns = data[begin..], Prefix = prefix, Suffix = suffix };
        return true;
    }
}
