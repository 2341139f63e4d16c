using System.Buffers.Binary;
using System.Text;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;

namespace Pgkeep.Tests.Support;

/// <summary>
/// Records of 15 as a server writes them for rows of tables and for its catalogues, handed to a visitor one by one. The database has OID 5, and pg_class lies in the file 1259.
/// </summary>
internal sealed class CatalogWal(IWalRecordVisitor visitor)
{
    public const uint Database = 5;
    public const uint RelationsFile = 1259;
    public const uint DatabasesFile = 1262;

    private const byte Heap = 10;
    private const byte Heap2 = 9;
    private const int RowLength = 144;
    private const int KindOffset = 115;

    private static readonly DateTimeOffset Epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>xl_heap_header, and the byte up to where the columns begin.</summary>
    private static readonly byte[] RowHeader = [0, 0, 0, 0, 24, 0];

    private ulong _position = 0x1000;

    public static DateTimeOffset Noon { get; } = new(2025, 1, 8, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Of the last record.</summary>
    public Lsn Last { get; private set; }

    public bool IsOver { get; private set; }

    /// <summary>The columns of a row of pg_class.</summary>
    public static byte[] Relation(uint oid, string name, uint fileNode, char kind = 'r', uint schema = 2200, uint tablespace = 0, int length = RowLength)
    {
        var columns = new byte[length];
        BinaryPrimitives.WriteUInt32LittleEndian(columns, oid);
        Encoding.UTF8.GetBytes(name, columns.AsSpan(4));
        BinaryPrimitives.WriteUInt32LittleEndian(columns.AsSpan(68), schema);
        BinaryPrimitives.WriteUInt32LittleEndian(columns.AsSpan(88), fileNode);
        BinaryPrimitives.WriteUInt32LittleEndian(columns.AsSpan(92), tablespace);
        columns[KindOffset] = (byte)kind;
        return columns;
    }

    /// <summary>Of a row of pg_database.</summary>
    public static byte[] DatabaseRow(uint oid, string name, int connectionLimit = -1)
    {
        var columns = new byte[RowLength];
        BinaryPrimitives.WriteUInt32LittleEndian(columns, oid);
        Encoding.UTF8.GetBytes(name, columns.AsSpan(4));
        BinaryPrimitives.WriteInt32LittleEndian(columns.AsSpan(80), connectionLimit);
        BinaryPrimitives.WriteUInt32LittleEndian(columns.AsSpan(92), 1663);
        return columns;
    }

    public void Insert(uint xid, uint file, ushort place = 1, byte[]? columns = null) => AddRows(Heap, 0, xid, file, columns is null ? [] : [.. RowHeader, .. columns], [.. Bytes(place), 0]);

    /// <summary>The record has no row, but an image of the page on which it lies, block 9.</summary>
    public void InsertWithImage(uint xid, uint file, ushort place, byte[] image, byte imageFlags, ushort holeOffset = 0, ushort holeLength = 0)
    {
        var hole = holeLength > 0 ? Bytes(holeLength) : [];
        byte[] block = [0, 0x10, 0, 0, .. Bytes((ushort)image.Length), .. Bytes(holeOffset), imageFlags, .. hole, .. Locator(1663, Database, file), .. Number(9)];
        AddRecord(Heap, 0, xid, [.. block, .. MainHeader(3), .. image, .. Bytes(place), 0]);
    }

    public void Delete(uint xid, uint file, ushort place = 1) => AddRows(Heap, 0x10, xid, file, [], [0, 0, 0, 0, .. Bytes(place), 0, 0]);

    /// <param name="prefix">Bytes that the record leaves out because the old row begins with them.</param>
    /// <param name="suffix">Or ends.</param>
    public void Update(uint xid, uint file, ushort from, ushort to, byte[] columns, ushort prefix = 0, ushort suffix = 0)
    {
        byte[] lengths = [.. prefix > 0 ? Bytes(prefix) : [], .. suffix > 0 ? Bytes(suffix) : []];
        var flags = (byte)((prefix > 0 ? 1 << 5 : 0) | (suffix > 0 ? 1 << 6 : 0));
        AddRows(Heap, 0x20, xid, file, [.. lengths, .. RowHeader, .. columns[prefix..^suffix]], [0, 0, 0, 0, .. Bytes(from), 0, flags, 0, 0, 0, 0, .. Bytes(to)]);
    }

    /// <summary>From block 0 to block 1, with a block of the visibility map behind them.</summary>
    public void UpdateAcross(uint xid, uint file, ushort from, ushort to, byte[] columns)
    {
        byte[] data = [.. RowHeader, .. columns];
        byte[] blocks =
        [
            0, 0x20, .. Bytes((ushort)data.Length), .. Locator(1663, Database, file), .. Number(1),
            1, 0x80, 0, 0, .. Number(0),
            2, 0x82, 0, 0, .. Number(0),
        ];
        AddRecord(Heap, 0x20, xid, [.. blocks, .. MainHeader(14), .. data, 0, 0, 0, 0, .. Bytes(from), 0, 0, 0, 0, 0, 0, .. Bytes(to)]);
    }

    /// <summary>On a page that is made with it.</summary>
    public void InsertMany(uint xid, uint file, params byte[][] rows)
    {
        var data = new List<byte>();
        foreach (var row in rows)
        {
            data.AddRange(new byte[data.Count & 1]);
            data.AddRange([.. Bytes((ushort)(row.Length + 1)), .. RowHeader, .. row]);
        }

        AddRows(Heap2, 0x50 | 0x80, xid, file, [.. data], [0, 0, .. Bytes((ushort)rows.Length)]);
    }

    public void Commit(uint xid, DateTimeOffset? time = null, uint[]? subtransactions = null, params uint[] unlinked) => End(0x00, xid, time, subtransactions ?? [], unlinked);

    public void Abort(uint xid, params uint[] subtransactions) => End(0x20, xid, null, subtransactions, []);

    public void Running(uint next, uint oldest, params uint[] xids) => AddRecord(
        8, 0x10, 0, WalBuilder.MainData([.. Number((uint)xids.Length), .. Number(0), .. Number(0), .. Number(next), .. Number(oldest), .. Number(next - 1), .. xids.SelectMany(Number)]));

    /// <summary>Marks a database as invalid, where its row lies.</summary>
    public Lsn Invalidate(uint database, string name, ushort place)
    {
        var row = DatabaseRow(database, name, -2);
        byte[] block = [0, 0x20, .. Bytes((ushort)row.Length), .. Locator(1664, 0, DatabasesFile), .. Number(0)];
        return AddRecord(Heap, 0x70, 0, [.. block, .. MainHeader(2), .. row, .. Bytes(place)]);
    }

    public void InsertDatabase(uint xid, ushort place, byte[] columns)
    {
        byte[] row = [.. RowHeader, .. columns];
        AddRecord(Heap, 0, xid, [0, 0x20, .. Bytes((ushort)row.Length), .. Locator(1664, 0, DatabasesFile), .. Number(0), .. MainHeader(3), .. row, .. Bytes(place), 0]);
    }

    public void DeleteDatabase(uint xid, ushort place) =>
        AddRecord(Heap, 0x10, xid, [0, 0, 0, 0, .. Locator(1664, 0, DatabasesFile), .. Number(0), .. MainHeader(8), 0, 0, 0, 0, .. Bytes(place), 0, 0]);

    public Lsn RemoveFiles(uint xid, uint database) => AddRecord(4, 0x20, xid, WalBuilder.MainData([.. Number(database), .. Number(1), .. Number(1663)]));

    public Lsn Add(byte manager, byte info, uint xid, byte[] main) => AddRecord(manager, info, xid, WalBuilder.MainData(main));

    private static byte[] Number(uint value) => BitConverter.GetBytes(value);

    private static byte[] Bytes(ushort value) => BitConverter.GetBytes(value);

    private static byte[] MainHeader(byte length) => [255, length];

    private static byte[] Locator(uint tablespace, uint database, uint file) => [.. Number(tablespace), .. Number(database), .. Number(file)];

    private void AddRows(byte manager, byte info, uint xid, uint file, byte[] data, byte[] main)
    {
        byte[] block = [0, data.Length > 0 ? (byte)0x20 : (byte)0, .. Bytes((ushort)data.Length), .. Locator(1663, Database, file), .. Number(0)];
        AddRecord(manager, info, xid, [.. block, .. MainHeader((byte)main.Length), .. data, .. main]);
    }

    private void End(byte operation, uint xid, DateTimeOffset? time, uint[] subtransactions, uint[] unlinked)
    {
        byte[] children = subtransactions.Length == 0 ? [] : [.. Number((uint)subtransactions.Length), .. subtransactions.SelectMany(Number)];
        byte[] files = unlinked.Length == 0 ? [] : [.. Number((uint)unlinked.Length), .. unlinked.SelectMany(file => Locator(1663, Database, file))];
        var info = (children.Length > 0 ? 2u : 0) | (files.Length > 0 ? 4u : 0);
        var microseconds = ((time ?? Noon) - Epoch).Ticks / TimeSpan.TicksPerMicrosecond;
        AddRecord(1, (byte)(operation | 0x80), xid, WalBuilder.MainData([.. BitConverter.GetBytes(microseconds), .. Number(info), .. children, .. files]));
    }

    private Lsn AddRecord(byte manager, byte info, uint xid, byte[] body)
    {
        var bytes = WalBuilder.Record(manager, info, body, xid, Last);
        Xunit.Assert.True(WalFormat.TryGet(0xD110, out var format));
        var end = _position + (((ulong)bytes.Length + 7) & ~7uL);
        Last = new Lsn(_position);
        IsOver |= !visitor.Visit(new WalRecord { Format = format, Header = WalRecordHeader.Read(bytes), Start = Last, End = new Lsn(end), Bytes = bytes });
        _position = end;
        return Last;
    }
}
