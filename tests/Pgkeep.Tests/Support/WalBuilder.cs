using System.Buffers.Binary;
using System.Text;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;

namespace Pgkeep.Tests.Support;

/// <summary>Writes WAL as a server does: records with their checksums and previous records, over pages and segments, from a segment's beginning on.</summary>
internal sealed class WalBuilder
{
    public const byte LogicalMessage = 21;
    public const byte Noop = 0x20;
    public const byte OverwriteContinuation = 0xD0;

    private readonly Lsn _start;
    private readonly List<byte> _bytes = [];
    private WalPageFlags _nextPage;

    public WalBuilder(Lsn start) => _start = start;

    public ushort Magic { get; init; } = 0xD110;

    public int BlockSize { get; init; } = 8192;

    public WalSegmentSize SegmentSize { get; init; } = new(1024 * 1024);

    public SystemIdentifier Cluster { get; init; } = new(7);

    /// <summary>Of each page, by its address.</summary>
    public Func<Lsn, uint> TimelineOf { get; init; } = _ => 1;

    /// <summary>Where the last record begins.</summary>
    public Lsn Previous { get; set; }

    public Lsn Position => _start + (ulong)_bytes.Count;

    private int Free => BlockSize - (_bytes.Count % BlockSize);

    /// <summary>Adds a record and tells where it begins.</summary>
    /// <param name="body">All behind the header.</param>
    /// <param name="cutAt">Writes so many bytes of it only.</param>
    public Lsn Add(byte manager, byte info, byte[] body, uint xid = 0, int cutAt = int.MaxValue)
    {
        if (_bytes.Count % BlockSize == 0)
        {
            AddPageHeader(0);
        }

        var start = Position;
        var record = Record(manager, info, body, xid, Previous);
        Write(record.AsSpan(0, Math.Min(cutAt, record.Length)), record.Length);
        Previous = cutAt < record.Length ? Previous : start;
        return start;
    }

    /// <summary>A record of the total length; its data are made from its position.</summary>
    public Lsn AddMessage(int totalLength, uint xid = 0) => Add(LogicalMessage, 0, MainData(Data(totalLength - 24 - MainHeader(totalLength), (uint)Position.Value)), xid);

    public Lsn AddCommit(uint xid, DateTimeOffset time, byte operation = WalManagers.Commit, params uint[] subtransactions) => subtransactions.Length == 0
        ? Add(WalManagers.Transaction, operation, MainData(Timestamp(time)), xid)
        : Add(
            WalManagers.Transaction,
            (byte)(operation | 0x80),
            // xinfo with XACT_XINFO_HAS_SUBXACTS, their count, and they.
            MainData([.. Timestamp(time), 2, 0, 0, 0, .. BitConverter.GetBytes(subtransactions.Length), .. subtransactions.SelectMany(BitConverter.GetBytes)]),
            xid);

    /// <param name="next">nextXid, with its epoch.</param>
    public Lsn AddCheckpoint(ulong next) => Add(WalManagers.Log, WalCheckpoint.Online, MainData([.. new byte[24], .. BitConverter.GetBytes(next), .. new byte[56]]));

    public Lsn AddRestorePoint(string name, DateTimeOffset time)
    {
        var data = new byte[8 + 64];
        Timestamp(time).CopyTo(data, 0);
        Encoding.UTF8.GetBytes(name).CopyTo(data, 8);
        return Add(WalManagers.Log, WalManagers.LogRestorePoint, MainData(data));
    }

    /// <summary>Ends the segment with a switch and zeros.</summary>
    public Lsn Switch()
    {
        var start = Add(WalManagers.Log, WalManagers.LogSwitch, []);
        FillSegment();
        return start;
    }

    /// <summary>A record of exactly what is left of the page, or of a whole page.</summary>
    public void FillPage()
    {
        if (_bytes.Count % BlockSize == 0)
        {
            AddPageHeader(0);
        }

        AddMessage(Free);
    }

    /// <summary>Adds zeros up to the end of the segment.</summary>
    public void FillSegment() => Zeros((int)((SegmentSize.Bytes - (_bytes.Count % SegmentSize.Bytes)) % SegmentSize.Bytes));

    /// <summary>Adds zeros up to the next page, which will say that the rest of a record never comes.</summary>
    public void Overwrite()
    {
        Zeros(Free % BlockSize);
        _nextPage = WalPageFlags.FirstIsOverwriteContinuation;
    }

    public byte[] ToArray() => [.. _bytes];

    /// <summary>Main data behind its header.</summary>
    public static byte[] MainData(byte[] data) => data.Length switch
    {
        0 => [],
        <= 255 => [255, (byte)data.Length, .. data],
        _ => [254, (byte)data.Length, (byte)(data.Length >> 8), (byte)(data.Length >> 16), (byte)(data.Length >> 24), .. data],
    };

    public static byte[] Record(byte manager, byte info, byte[] body, uint xid, Lsn previous)
    {
        byte[] record = [.. new byte[WalRecordHeader.Length], .. body];
        BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)record.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(4), xid);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(8), previous.Value);
        (record[16], record[17]) = (info, manager);
        Seal(record);
        return record;
    }

    /// <summary>Gives a record the checksum that fits.</summary>
    public static void Seal(Span<byte> record) =>
        BinaryPrimitives.WriteUInt32LittleEndian(record[20..], Crc32C.Final(Crc32C.Append(Crc32C.Append(Crc32C.Initial, record[24..]), record[..20])));

    private static byte[] Timestamp(DateTimeOffset time)
    {
        var data = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(data, (time - new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero)).Ticks / 10);
        return data;
    }

    private static int MainHeader(int totalLength) => totalLength - 24 - 2 <= 255 ? 2 : 5;

    private static byte[] Data(int length, uint seed)
    {
        var data = new byte[length];
        new Random((int)seed).NextBytes(data);
        return data;
    }

    private void Write(ReadOnlySpan<byte> part, int total)
    {
        for (var written = 0; written < part.Length;)
        {
            if (_bytes.Count % BlockSize == 0)
            {
                AddPageHeader((uint)(total - written));
            }

            var take = Math.Min(Free, part.Length - written);
            _bytes.AddRange(part.Slice(written, take));
            written += take;
        }

        Zeros((8 - (_bytes.Count % 8)) % 8);
    }

    private void Zeros(int count) => _bytes.AddRange(new byte[count]);

    private void AddPageHeader(uint remaining)
    {
        var isLong = _bytes.Count % SegmentSize.Bytes == 0;
        var header = new byte[isLong ? WalPageHeader.LongLength : WalPageHeader.ShortLength];
        var flags = _nextPage | (isLong ? WalPageFlags.LongHeader : WalPageFlags.None) | (remaining > 0 ? WalPageFlags.FirstIsContinuation : WalPageFlags.None);
        _nextPage = WalPageFlags.None;
        BinaryPrimitives.WriteUInt16LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(2), (ushort)flags);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), TimelineOf(Position));
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), Position.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), remaining);
        if (isLong)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), Cluster.Value);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(32), SegmentSize.Bytes);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(36), (uint)BlockSize);
        }

        _bytes.AddRange(header);
    }
}
