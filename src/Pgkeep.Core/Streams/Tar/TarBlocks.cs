using System.Text;

namespace Pgkeep.Streams.Tar;

internal enum TarStep
{
    /// <summary>A member, whose content begins at the position.</summary>
    Member,

    /// <summary>An empty block: here the archive ends.</summary>
    End,

    /// <summary>The header is not whole, or not one that <see cref="TarWriter"/> writes.</summary>
    Damaged,
}

/// <summary>
/// Goes through the headers of tar members that are all in memory, without copying a name or allocating anything. It knows what <see cref="TarWriter"/>
/// writes, and no more; <see cref="TarReader"/> is the one for archives of others.
/// </summary>
internal ref struct TarBlocks
{
    private readonly ReadOnlySpan<byte> _plain;

    public TarBlocks(ReadOnlySpan<byte> plain) => _plain = plain;

    public int Position { get; private set; }

    /// <summary>Of the current member, without a slash at its end.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    public bool IsDirectory { get; private set; }

    public long Size { get; private set; }

    /// <summary>Permission bits, such as 0600.</summary>
    public int Mode { get; private set; }

    public readonly ReadOnlySpan<byte> Rest => _plain[Position..];

    /// <summary>Reads one header, with the PAX header before it where there is one.</summary>
    public TarStep Next()
    {
        ReadOnlySpan<byte> longName = default;
        while (true)
        {
            if (Rest.Length < TarHeader.Length)
            {
                return TarStep.Damaged;
            }

            var header = Rest[..TarHeader.Length];
            if (!header.ContainsAnyExcept((byte)0))
            {
                return longName.IsEmpty ? TarStep.End : TarStep.Damaged;
            }

            if (!TarHeader.IsChecksumRight(header)
                || !TarHeader.TryReadNumber(header.Slice(TarHeader.SizeOffset, 12), out var size)
                || !TarHeader.TryReadNumber(header.Slice(TarHeader.ModeOffset, 8), out var mode))
            {
                return TarStep.Damaged;
            }

            Position += TarHeader.Length;
            switch (header[TarHeader.TypeOffset])
            {
                case TarHeader.PaxFlag:
                    if (size > Rest.Length || !TryFindPath(Rest[..(int)size], out longName) || !TrySkipContent(size))
                    {
                        return TarStep.Damaged;
                    }

                    break;
                case TarHeader.FileFlag or TarHeader.DirectoryFlag:
                    IsDirectory = header[TarHeader.TypeOffset] == TarHeader.DirectoryFlag;
                    Size = IsDirectory ? 0 : size;
                    Mode = (int)(mode & 0xFFF);
                    Name = (longName.IsEmpty ? Until(header[..TarHeader.NameLength], 0) : longName).TrimEnd((byte)'/');
                    return TarStep.Member;
                default:
                    return TarStep.Damaged;
            }
        }
    }

    /// <summary>Goes on behind content and its padding, which must be zeros; false where they are not, or do not end here.</summary>
    public bool TrySkipContent(long length)
    {
        var padding = TarHeader.Padded(length) - length;
        if (length + padding > Rest.Length || Rest.Slice((int)length, (int)padding).ContainsAnyExcept((byte)0))
        {
            return false;
        }

        Position += (int)(length + padding);
        return true;
    }

    private static ReadOnlySpan<byte> Until(ReadOnlySpan<byte> field, byte end) => field.IndexOf(end) is >= 0 and var length ? field[..length] : field;

    /// <summary>In records of "length key=value" and a newline, the length counting itself (POSIX.1-2001, pax).</summary>
    private static bool TryFindPath(ReadOnlySpan<byte> records, out ReadOnlySpan<byte> path)
    {
        path = default;
        while (!records.IsEmpty)
        {
            var space = records.IndexOf((byte)' ');
            if (space < 1 || !int.TryParse(Encoding.ASCII.GetString(records[..space]), out var length) || length <= space + 2 || length > records.Length)
            {
                return false;
            }

            var record = records[(space + 1)..(length - 1)];
            path = record.StartsWith("path="u8) ? record["path=".Length..] : path;
            records = records[length..];
        }

        return !path.IsEmpty;
    }
}
