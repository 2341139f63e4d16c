using System.Buffers.Binary;

namespace Pgkeep.Postgres.Pages;

/// <summary>
/// The start of a data page (PostgreSQL src/include/storage/bufpage.h, PageHeaderData):
/// <code>
///   0 pd_lsn: xlogid [4], xrecoff [4]   8 pd_checksum [2]   10 pd_flags [2]   12 pd_lower [2]   14 pd_upper [2]
/// </code>
/// </summary>
internal readonly record struct PageHeader(Lsn Lsn, ushort Checksum, ushort Upper)
{
    public const int Length = 24;

    /// <summary>Never initialised: it carries no checksum (PageIsNew).</summary>
    public bool IsNew => Upper == 0;

    /// <param name="page">At least <see cref="Length"/> bytes.</param>
    public static PageHeader Read(ReadOnlySpan<byte> page) => new(
        new Lsn(((ulong)BinaryPrimitives.ReadUInt32LittleEndian(page) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(page[4..])),
        BinaryPrimitives.ReadUInt16LittleEndian(page[8..]),
        BinaryPrimitives.ReadUInt16LittleEndian(page[14..]));
}
