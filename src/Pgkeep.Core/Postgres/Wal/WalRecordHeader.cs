using System.Runtime.InteropServices;

namespace Pgkeep.Postgres.Wal;

/// <summary>The fixed part that every WAL record begins with.</summary>
/// <remarks>
/// <code>
///  0 uint32         xl_tot_len    of the whole record, this header included
///  4 TransactionId  xl_xid
///  8 XLogRecPtr     xl_prev       where the record before begins
/// 16 uint8          xl_info       the upper four bits are the resource manager's
/// 17 RmgrId         xl_rmid
/// 20 pg_crc32c      xl_crc        over what follows the header, then over the bytes before this field
/// </code>
/// </remarks>
// PostgreSQL src/include/access/xlogrecord.h, XLogRecord, as compiled for 64 bits; the same in 13 to 18
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct WalRecordHeader(uint TotalLength, uint Xid, Lsn Previous, byte Info, byte Manager, uint Checksum)
{
    public const int Length = 24;

    /// <summary>The bytes of the header that its checksum covers.</summary>
    public const int CheckedLength = 20;

    /// <summary>Records begin at multiples of it (MAXALIGN), so at least this much of a header is on the page on which the record begins.</summary>
    public const int Alignment = 8;

    /// <summary>MaxAllocSize: no server can read a record that is longer. From 16 on they refuse to write one above 1020 MB (XLogRecordMaxSize).</summary>
    public const uint MaxTotalLength = 0x3FFFFFFF;

    private const byte ManagerMask = 0xF0;

    /// <summary>The bits of xl_info that tell what the resource manager does (~XLR_INFO_MASK).</summary>
    public byte Operation => (byte)(Info & ManagerMask);

    /// <summary>In one step, for the fields lie here as they lie there, and in this machine's byte order: there may be ten million records in a second.</summary>
    /// <param name="record">At least the header.</param>
    public static WalRecordHeader Read(ReadOnlySpan<byte> record) => MemoryMarshal.Read<WalRecordHeader>(record);
}
