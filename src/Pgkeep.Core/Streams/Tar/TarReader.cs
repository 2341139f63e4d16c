using System.Globalization;
using System.Text;
using Pgkeep.Diagnostics;

namespace Pgkeep.Streams.Tar;

/// <summary>
/// Reads what <see cref="TarWriter"/> and PostgreSQL's programs write, forward only. Anything else in the archive (devices, hard links,
/// sparse files) is refused, as is an archive that ends early: a backup with unknown members is not one to restore by guessing.
/// </summary>
internal sealed class TarReader
{
    /// <summary>A PAX header holds a path or two; more is a damaged or hostile archive.</summary>
    private const int MaxPaxLength = 64 * 1024;

    // The years 1 and 9999: all that DateTimeOffset holds.
    private const long FirstSecond = -62_135_596_800;
    private const long LastSecond = 253_402_300_799;

    private readonly Stream _source;
    private readonly string _name;
    private readonly byte[] _header = new byte[TarHeader.Length];
    private long _left;
    private long _padding;

    /// <param name="source">Plain, not owned.</param>
    /// <param name="name">For messages.</param>
    public TarReader(Stream source, string name)
    {
        _source = source;
        _name = name;
    }

    /// <summary>The next member, after skipping what was not read of the one before; null at the proper end.</summary>
    public TarEntry? Next()
    {
        Skip(_left + _padding);
        var pax = new PaxRecords();
        while (true)
        {
            FillHeader();
            if (!_header.AsSpan().ContainsAnyExcept((byte)0))
            {
                return pax.Path is null ? null : throw Damaged("ends inside a long name");
            }

            if (!TarHeader.IsChecksumRight(_header)
                || !TarHeader.TryReadNumber(_header.AsSpan(TarHeader.SizeOffset, 12), out var size)
                || size < 0
                || !TarHeader.TryReadNumber(_header.AsSpan(TarHeader.ModeOffset, 8), out var mode)
                || !TarHeader.TryReadNumber(_header.AsSpan(TarHeader.ModifiedOffset, 12), out var modified)
                || !TarHeader.TryReadNumber(_header.AsSpan(TarHeader.UserOffset, 8), out var user)
                || !TarHeader.TryReadNumber(_header.AsSpan(TarHeader.GroupOffset, 8), out var group))
            {
                throw Damaged("has a damaged header");
            }

            switch (_header[TarHeader.TypeOffset])
            {
                case TarHeader.PaxGlobalFlag:
                    ReadSmall(size);
                    continue;
                case TarHeader.PaxFlag:
                    pax = ParsePax(ReadSmall(size));
                    continue;
                case TarHeader.GnuLongNameFlag:
                    pax = pax with { Path = TarHeader.ReadText(ReadSmall(size)) };
                    continue;
            }

            var entry = ToEntry(pax, pax.Size ?? size, (int)(mode & 0xFFF), pax.Modified ?? modified) with { UserId = (uint)user, GroupId = (uint)group };
            _left = entry.Type == TarEntryType.File ? entry.Size : 0;
            _padding = TarHeader.Padded(_left) - _left;
            return entry;
        }
    }

    /// <summary>Content of the current member; 0 at its end.</summary>
    public int Read(Span<byte> buffer)
    {
        var wanted = (int)Math.Min(buffer.Length, _left);
        if (wanted == 0)
        {
            return 0;
        }

        var read = _source.Read(buffer[..wanted]);
        _left -= read;
        return read > 0 ? read : throw Damaged("ends in the middle of a file");
    }

    /// <summary>All content of the current member, of which nothing was read yet; its size is the caller's to judge.</summary>
    public byte[] ReadAll()
    {
        var content = new byte[_left];
        for (var read = 0; read < content.Length;)
        {
            read += Read(content.AsSpan(read));
        }

        return content;
    }

    private TarEntry ToEntry(PaxRecords pax, long size, int mode, long modified)
    {
        var type = _header[TarHeader.TypeOffset] switch
        {
            TarHeader.FileFlag or TarHeader.OldFileFlag => TarEntryType.File,
            TarHeader.DirectoryFlag => TarEntryType.Directory,
            TarHeader.LinkFlag => TarEntryType.SymbolicLink,
            var other => throw Damaged($"has a member of unknown type {other}"),
        };
        var name = pax.Path ?? ShortName();
        var link = pax.Link ?? TarHeader.ReadText(_header.AsSpan(TarHeader.LinkOffset, TarHeader.NameLength));
        return new TarEntry(
            name.TrimEnd('/'), type, size, mode, DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(modified, FirstSecond, LastSecond)), type == TarEntryType.SymbolicLink ? link : null);
    }

    private string ShortName()
    {
        var name = TarHeader.ReadText(_header.AsSpan(0, TarHeader.NameLength));
        var isUstar = _header.AsSpan(TarHeader.MagicOffset, 6).SequenceEqual("ustar\0"u8);
        var prefix = isUstar ? TarHeader.ReadText(_header.AsSpan(TarHeader.PrefixOffset, 155)) : "";
        return prefix.Length > 0 ? $"{prefix}/{name}" : name;
    }

    private void FillHeader()
    {
        try
        {
            _source.ReadExactly(_header);
        }
        catch (EndOfStreamException)
        {
            throw Damaged("ends early");
        }
    }

    private byte[] ReadSmall(long size)
    {
        if (size > MaxPaxLength)
        {
            throw Damaged("has an extended header that is too large");
        }

        var content = new byte[TarHeader.Padded(size)];
        try
        {
            _source.ReadExactly(content);
        }
        catch (EndOfStreamException)
        {
            throw Damaged("ends early");
        }

        return content[..(int)size];
    }

    private PaxRecords ParsePax(byte[] content)
    {
        var records = new PaxRecords();
        for (var rest = content.AsSpan(); !rest.IsEmpty;)
        {
            var space = rest.IndexOf((byte)' ');
            if (space < 1 || !int.TryParse(Encoding.ASCII.GetString(rest[..space]), out var length) || length <= space + 2 || length > rest.Length)
            {
                throw Damaged("has a damaged extended header");
            }

            var record = Encoding.UTF8.GetString(rest[(space + 1)..(length - 1)]);
            var equals = record.IndexOf('=', StringComparison.Ordinal);
            if (!records.TryAdd(record[..Math.Max(0, equals)], record[(equals + 1)..], out records))
            {
                throw Damaged("has a damaged extended header");
            }

            rest = rest[length..];
        }

        return records;
    }

    private void Skip(long count)
    {
        var buffer = new byte[(int)Math.Min(count, 64 * 1024)];
        while (count > 0)
        {
            var read = _source.Read(buffer.AsSpan(0, (int)Math.Min(count, buffer.Length)));
            count -= read > 0 ? read : throw Damaged("ends in the middle of a file");
        }

        _left = 0;
        _padding = 0;
    }

    private PgkeepException Damaged(string problem) => new(ErrorKind.BackupDamaged, $"\"{_name}\" {problem}");

    /// <summary>What an extended header says of the member after it, instead of that member's own; null for what it does not say.</summary>
    private readonly record struct PaxRecords(string? Path, string? Link, long? Size, long? Modified)
    {
        /// <returns>False for a number that is none; what is unknown changes nothing.</returns>
        public bool TryAdd(string key, string value, out PaxRecords records)
        {
            records = this;
            switch (key)
            {
                case "path":
                    records = this with { Path = value };
                    return true;
                case "linkpath":
                    records = this with { Link = value };
                    return true;
                case "size":
                    var isSize = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var size);
                    records = this with { Size = size };
                    return isSize;
                case "mtime":
                    var isTime = decimal.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var time);
                    records = this with { Modified = (long)Math.Clamp(Math.Floor(time), FirstSecond, LastSecond) };
                    return isTime;
                default:
                    return true;
            }
        }
    }
}
