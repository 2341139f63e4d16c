using System.Text;

namespace Pgkeep.Streams.Tar;

/// <summary>
/// The 512 bytes before a member, POSIX.1-1988 (ustar):
/// <code>
///   0 name[100]     100 mode[8]   108 uid[8]    116 gid[8]    124 size[12]   136 mtime[12]  148 chksum[8]
/// 156 typeflag     157 linkname[100]  257 magic[6]  263 version[2]  265 uname[32]  297 gname[32]
/// 329 devmajor[8]  337 devminor[8]    345 prefix[155]
/// </code>
/// PostgreSQL's own reader (src/port/tar.c, src/fe_utils/astreamer_tar.c) knows the name field alone, so the prefix is never used: a name
/// that is too long gets a PAX header. What does not fit, a size of 8 GiB or a time before 1970, is base-256 (two's
/// complement with the first bit set), as PostgreSQL and GNU tar write it.
/// </summary>
internal static class TarHeader
{
    public const int Length = 512;
    public const int NameLength = 100;
    public const byte FileFlag = (byte)'0';
    public const byte OldFileFlag = 0;
    public const byte LinkFlag = (byte)'2';
    public const byte DirectoryFlag = (byte)'5';
    public const byte PaxFlag = (byte)'x';
    public const byte PaxGlobalFlag = (byte)'g';
    public const byte GnuLongNameFlag = (byte)'L';

    public const int ModeOffset = 100;
    public const int UserOffset = 108;
    public const int GroupOffset = 116;
    public const int SizeOffset = 124;
    public const int ModifiedOffset = 136;
    public const int ChecksumOffset = 148;
    public const int TypeOffset = 156;
    public const int LinkOffset = 157;
    public const int MagicOffset = 257;
    public const int PrefixOffset = 345;

    private const int ShortNumber = 8;
    private const int LongNumber = 12;

    /// <summary>How many bytes a member's content takes, padded to whole blocks.</summary>
    public static long Padded(long size) => (size + Length - 1) / Length * Length;

    /// <param name="name">At most <see cref="NameLength"/> bytes.</param>
    public static void Write(
        Span<byte> header, ReadOnlySpan<byte> name, byte type, long size, int mode, DateTimeOffset modified, uint user, uint group, ReadOnlySpan<byte> link)
    {
        header.Clear();
        name.CopyTo(header);
        WriteNumber(header.Slice(ModeOffset, ShortNumber), mode);
        WriteNumber(header.Slice(UserOffset, ShortNumber), user);
        WriteNumber(header.Slice(GroupOffset, ShortNumber), group);
        WriteNumber(header.Slice(SizeOffset, LongNumber), size);
        WriteNumber(header.Slice(ModifiedOffset, LongNumber), modified.ToUnixTimeSeconds());
        header[TypeOffset] = type;
        link.CopyTo(header.Slice(LinkOffset, NameLength));
        "ustar\000"u8.CopyTo(header[MagicOffset..]);

        header.Slice(ChecksumOffset, ShortNumber).Fill((byte)' ');
        WriteOctal(header.Slice(ChecksumOffset, 7), Sum(header));
    }

    public static bool IsChecksumRight(ReadOnlySpan<byte> header)
    {
        Span<byte> copy = stackalloc byte[Length];
        header.CopyTo(copy);
        copy.Slice(ChecksumOffset, ShortNumber).Fill((byte)' ');
        return TryReadNumber(header.Slice(ChecksumOffset, ShortNumber), out var stored) && stored == Sum(copy);
    }

    /// <summary>Only a base-256 number can be negative.</summary>
    public static bool TryReadNumber(ReadOnlySpan<byte> field, out long value)
    {
        if ((field[0] & 0x80) != 0)
        {
            return TryReadBase256(field, out value);
        }

        value = 0;
        foreach (var digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7' || value > long.MaxValue >> 3)
            {
                return false;
            }

            value = (value << 3) | (uint)(digit - '0');
        }

        return true;
    }

    public static string ReadText(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }

    /// <summary>The first bit tells it from octal and does not count; the second is the sign.</summary>
    private static bool TryReadBase256(ReadOnlySpan<byte> field, out long value)
    {
        var isNegative = (field[0] & 0x40) != 0;
        value = System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(field[^8..]);
        if (field.Length == 8)
        {
            value = isNegative ? value : value & long.MaxValue;
            return true;
        }

        // More than 64 bits have no use here.
        var rest = field[1..^8];
        return isNegative
            ? field[0] == 0xFF && value < 0 && !rest.ContainsAnyExcept((byte)0xFF)
            : field[0] == 0x80 && value >= 0 && !rest.ContainsAnyExcept((byte)0);
    }

    private static long Sum(ReadOnlySpan<byte> header)
    {
        var sum = 0L;
        foreach (var part in header)
        {
            sum += part;
        }

        return sum;
    }

    private static void WriteNumber(Span<byte> field, long value)
    {
        if (value >= 0 && value < 1L << (3 * (field.Length - 1)))
        {
            WriteOctal(field, value);
            return;
        }

        field.Fill(value < 0 ? (byte)0xFF : (byte)0);
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(field[^8..], value);
        field[0] |= 0x80;
    }

    /// <summary>Leading zeros and one NUL at the end.</summary>
    private static void WriteOctal(Span<byte> field, long value)
    {
        for (var i = field.Length - 2; i >= 0; i--)
        {
            field[i] = (byte)('0' + (value & 7));
            value >>= 3;
        }

        field[^1] = 0;
    }
}
