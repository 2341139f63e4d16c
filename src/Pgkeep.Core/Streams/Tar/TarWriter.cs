using System.Text;

namespace Pgkeep.Streams.Tar;

/// <summary>
/// Writes a standard tar: a header, then exactly as many bytes as it promised, padded. A file that grew is cut and one that shrank is
/// filled by the caller, as PostgreSQL's own base backup does.
/// </summary>
internal sealed class TarWriter
{
    private static readonly byte[] Zeros = new byte[64 * 1024];

    private readonly Stream _target;
    private readonly byte[] _header = new byte[TarHeader.Length];
    private long _left;
    private int _padding;

    /// <param name="target">Not owned.</param>
    public TarWriter(Stream target) => _target = target;

    /// <summary>Begins a member. For a file, <see cref="WriteContent"/> follows until its size is reached.</summary>
    public void Begin(TarEntry entry)
    {
        EndMember();
        var name = Encoding.UTF8.GetBytes(entry.Type == TarEntryType.Directory ? entry.Name + "/" : entry.Name);
        var link = Encoding.UTF8.GetBytes(entry.LinkTarget ?? "");
        if (name.Length > TarHeader.NameLength || link.Length > TarHeader.NameLength)
        {
            WritePaxHeader(entry, name, link);
        }

        var type = entry.Type switch
        {
            TarEntryType.Directory => TarHeader.DirectoryFlag,
            TarEntryType.SymbolicLink => TarHeader.LinkFlag,
            _ => TarHeader.FileFlag,
        };
        WriteHeader(entry, name, type, entry.Type == TarEntryType.File ? entry.Size : 0, link);
    }

    public void WriteContent(ReadOnlySpan<byte> content)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, _left);
        _target.Write(content);
        _left -= content.Length;
    }

    public void WriteFile(TarEntry entry, ReadOnlySpan<byte> content)
    {
        Begin(entry);
        WriteContent(content);
    }

    /// <summary>The two empty blocks at the end.</summary>
    public void Complete()
    {
        EndMember();
        _target.Write(Zeros.AsSpan(0, 2 * TarHeader.Length));
    }

    private void EndMember()
    {
        if (_left != 0)
        {
            throw new InvalidOperationException($"a member of the tar still lacks {_left} bytes");
        }

        _target.Write(Zeros.AsSpan(0, _padding));
        _padding = 0;
    }

    /// <summary>The header of a member alone, with the PAX header before it where one is needed.</summary>
    public static byte[] HeaderOf(TarEntry entry)
    {
        using var buffer = new MemoryStream();
        new TarWriter(buffer).Begin(entry);
        return buffer.ToArray();
    }

    private void WriteHeader(TarEntry entry, ReadOnlySpan<byte> name, byte type, long size, ReadOnlySpan<byte> link)
    {
        TarHeader.Write(
            _header,
            name[..Math.Min(name.Length, TarHeader.NameLength)],
            type,
            size,
            entry.Mode,
            entry.Modified,
            entry.UserId,
            entry.GroupId,
            link[..Math.Min(link.Length, TarHeader.NameLength)]);
        _target.Write(_header);
        _left = size;
        _padding = (int)(TarHeader.Padded(size) - size);
    }

    /// <summary>POSIX.1-2001, pax: records of "length key=value" and a newline, the length counting itself.</summary>
    private void WritePaxHeader(TarEntry entry, byte[] name, byte[] link)
    {
        using var records = new MemoryStream();
        AppendRecord(records, "path", name);
        if (link.Length > 0)
        {
            AppendRecord(records, "linkpath", link);
        }

        var content = records.ToArray();
        WriteHeader(entry, "././@PaxHeader"u8, TarHeader.PaxFlag, content.Length, default);
        WriteContent(content);
        EndMember();
    }

    private static void AppendRecord(MemoryStream records, string key, byte[] value)
    {
        var rest = 1 + key.Length + 1 + value.Length + 1;
        var length = rest;
        for (var digits = 0; digits != length.ToString().Length;)
        {
            digits = length.ToString().Length;
            length = rest + digits;
        }

        records.Write(Encoding.UTF8.GetBytes($"{length} {key}="));
        records.Write(value);
        records.WriteByte((byte)'\n');
    }
}
