using System.Buffers.Binary;

namespace Pgkeep.Streams;

/// <summary>
/// The header of a gzip member (RFC 1952, 2.3), with at most one subfield in its extra field. No file name and no time stand in it, so
/// the same content gives the same bytes.
/// </summary>
internal static class GzipHeader
{
    /// <summary>Our subfield's identifier, "PK": gzip's registry has no other use of it.</summary>
    private const ushort SubfieldId = 'P' | ('K' << 8);

    private const int FixedLength = 10;
    private const int FlagsOffset = 3;
    private const byte ExtraFlag = 4;
    private const byte OtherFlags = 0xFB;
    private const byte UnknownSystem = 255;

    /// <param name="subfield">At most 65,531 bytes; none where empty.</param>
    public static byte[] Create(ReadOnlySpan<byte> subfield)
    {
        if (subfield.IsEmpty)
        {
            return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, UnknownSystem];
        }

        var header = new byte[FixedLength + 2 + 4 + subfield.Length];
        ReadOnlySpan<byte> start = [0x1F, 0x8B, 8, ExtraFlag, 0, 0, 0, 0, 0, UnknownSystem];
        start.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(FixedLength), checked((ushort)(subfield.Length + 4)));
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(FixedLength + 2), SubfieldId);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(FixedLength + 4), (ushort)subfield.Length);
        subfield.CopyTo(header.AsSpan(FixedLength + 6));
        return header;
    }

    /// <summary>Of a header that <see cref="TryReadSubfield"/> has read: where the compressed content begins.</summary>
    public static int LengthOf(ReadOnlySpan<byte> start) => FixedLength + 2 + BinaryPrimitives.ReadUInt16LittleEndian(start[FixedLength..]);

    /// <summary>Finds our subfield in the first bytes of a member; false where the header has none or is not one that we write.</summary>
    public static bool TryReadSubfield(ReadOnlySpan<byte> start, out ReadOnlySpan<byte> subfield)
    {
        subfield = default;
        if (start.Length < FixedLength + 6 || start[0] != 0x1F || start[1] != 0x8B || start[2] != 8
            || (start[FlagsOffset] & ExtraFlag) == 0 || (start[FlagsOffset] & OtherFlags) != 0)
        {
            return false;
        }

        var extra = start[(FixedLength + 2)..];
        var extraLength = BinaryPrimitives.ReadUInt16LittleEndian(start[FixedLength..]);
        if (extraLength > extra.Length || extraLength < 4)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
        if (BinaryPrimitives.ReadUInt16LittleEndian(extra) != SubfieldId || length + 4 > extraLength)
        {
            return false;
        }

        subfield = extra.Slice(4, length);
        return true;
    }
}
