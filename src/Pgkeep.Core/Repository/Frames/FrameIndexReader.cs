using System.Buffers.Text;
using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Streams;

namespace Pgkeep.Repository.Frames;

/// <summary>
/// Reads <c>base.index.gz</c> frame by frame, in memory that does not grow with their number (docs/repository-format.md). What it hands out is
/// consistent in itself: frames without a gap, files inside them, one behind the other. Whether the archive is like that, its reader sees.
/// </summary>
/// <remarks>The index's own checksum stands at its end: before <see cref="TryRead"/> has answered null, a reader acts on nothing that cannot be undone.</remarks>
internal sealed class FrameIndexReader : IDisposable
{
    public const string VersionLine = "pgkeep frame index 1";

    /// <summary>A writer makes frames of about 1 MiB; more than this is no index of ours, and must not be allocated.</summary>
    public const int MaxFrameLength = 1024 * 1024 * 1024;

    /// <summary>Longer than the longest path, escaped.</summary>
    private const int MaxLineLength = 64 * 1024;

    private readonly FileStream _file;
    private readonly GzipMemberStream _plain;
    private readonly string _path;
    private readonly byte[] _buffer = new byte[2 * MaxLineLength];
    private int _start;
    private int _end;
    private bool _isAtEnd;
    private bool _hasBegun;
    private FrameLine? _ahead;
    private long _number;
    private long _plainEnd;
    private FilePart? _open;

    /// <exception cref="PgkeepException">The file cannot be opened.</exception>
    public FrameIndexReader(string path)
    {
        _path = path;
        try
        {
            _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, FileOptions.SequentialScan);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "open", path);
        }

        _plain = new GzipMemberStream(_file);
    }

    /// <summary>The next frame; null behind the last.</summary>
    /// <exception cref="PgkeepException">The index is damaged (<see cref="ErrorKind.BackupDamaged"/>) or cannot be read.</exception>
    public IndexedFrame? TryRead()
    {
        if (!_hasBegun)
        {
            Begin();
        }

        if (_ahead is not { } line)
        {
            return _open is null ? null : throw Damaged($"ends inside \"{_open.Value.Name}\"");
        }

        var parts = new List<FilePart>();
        var plainOffset = _plainEnd;
        Continue(line, parts);
        ReadFiles(line, plainOffset, parts);
        _plainEnd = plainOffset + line.PlainLength;
        return new IndexedFrame(_number++, line.StoredOffset, line.StoredLength, plainOffset, line.PlainLength, parts);
    }

    public void Dispose()
    {
        _plain.Dispose();
        _file.Dispose();
    }

    private void Begin()
    {
        _hasBegun = true;
        if (!TryReadLine(out var line) || !line.SequenceEqual(Encoding.ASCII.GetBytes(VersionLine)))
        {
            throw Damaged("does not begin as an index of a known version");
        }

        if (TryReadLine(out line))
        {
            _ahead = ParseFrame(line);
        }
    }

    /// <summary>What the frames before have left of a file comes first.</summary>
    private void Continue(FrameLine frame, List<FilePart> parts)
    {
        if (_open is { } open)
        {
            var offset = open.Offset + open.Length;
            var part = open with { Offset = offset, Start = 0, Length = (int)Math.Min(open.Size - offset, frame.PlainLength) };
            parts.Add(part);
            _open = part.IsLast ? null : part;
        }
    }

    private void ReadFiles(FrameLine frame, long plainOffset, List<FilePart> parts)
    {
        var free = plainOffset + (parts is [var first] ? first.Length : 0);
        _ahead = null;
        while (_ahead is null && TryReadLine(out var line))
        {
            if (line.StartsWith("f "u8))
            {
                _ahead = ParseFrame(line);
                if (_ahead.Value.StoredOffset != frame.StoredOffset + frame.StoredLength)
                {
                    throw Damaged("has frames that do not follow each other");
                }

                return;
            }

            var (start, size, name) = ParseFile(line);
            if (_open is not null || start < free || start > plainOffset + frame.PlainLength || size > long.MaxValue - start)
            {
                throw Damaged($"has \"{name}\" where it cannot lie");
            }

            var part = new FilePart(name, size, 0, (int)(start - plainOffset), (int)Math.Min(size, plainOffset + frame.PlainLength - start));
            free = start + part.Length;
            parts.Add(part);
            _open = part.IsLast ? null : part;
        }
    }

    private FrameLine ParseFrame(ReadOnlySpan<byte> line)
    {
        var rest = line;
        if (!rest.StartsWith("f "u8) || !TryTake(ref rest, out _, " "u8) || !TryTakeNumber(ref rest, out var storedOffset) || !TryTakeNumber(ref rest, out var storedLength)
            || !TryTakeNumber(ref rest, out var plainLength) || !rest.IsEmpty)
        {
            throw Damaged("has a line that is not understood");
        }

        return storedLength is > 0 and <= MaxFrameLength && plainLength is > 0 and <= MaxFrameLength
            ? new FrameLine(storedOffset, (int)storedLength, (int)plainLength)
            : throw Damaged($"has a frame of {storedLength} bytes for {plainLength}");
    }

    private (long Start, long Size, string Name) ParseFile(ReadOnlySpan<byte> line)
    {
        var rest = line;
        return rest.StartsWith("m "u8) && TryTake(ref rest, out _, " "u8) && TryTakeNumber(ref rest, out var start) && TryTakeNumber(ref rest, out var size) && !rest.IsEmpty
            ? (start, size, ReadName(rest))
            : throw Damaged("has a line that is not understood");
    }

    private string ReadName(ReadOnlySpan<byte> escaped)
    {
        if (!escaped.Contains((byte)'\\'))
        {
            return Encoding.UTF8.GetString(escaped);
        }

        var name = new byte[escaped.Length];
        var length = 0;
        for (var i = 0; i < escaped.Length; i++)
        {
            if (escaped[i] != '\\')
            {
                name[length++] = escaped[i];
                continue;
            }

            i++;
            name[length++] = i < escaped.Length && escaped[i] is (byte)'\\' ? (byte)'\\'
                : i < escaped.Length && escaped[i] is (byte)'n' ? (byte)'\n'
                : throw Damaged("has a name that is not understood");
        }

        return Encoding.UTF8.GetString(name, 0, length);
    }

    private static bool TryTake(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> field, ReadOnlySpan<byte> end)
    {
        var length = rest.IndexOf(end);
        field = length < 0 ? rest : rest[..length];
        rest = length < 0 ? default : rest[(length + 1)..];
        return field.Length > 0;
    }

    /// <summary>Decimal, not negative.</summary>
    private static bool TryTakeNumber(ref ReadOnlySpan<byte> rest, out long value)
    {
        value = 0;
        return TryTake(ref rest, out var field, " "u8) && Utf8Parser.TryParse(field, out value, out var consumed) && consumed == field.Length && value >= 0;
    }

    /// <param name="line">Valid until the next one.</param>
    private bool TryReadLine(out ReadOnlySpan<byte> line)
    {
        while (true)
        {
            var unread = _buffer.AsSpan(_start, _end - _start);
            var length = unread.IndexOf((byte)'\n');
            if (length >= 0)
            {
                line = unread[..length];
                _start += length + 1;
                return true;
            }

            if (_isAtEnd)
            {
                line = default;
                return unread.IsEmpty ? false : throw Damaged("ends in the middle of a line");
            }

            if (unread.Length > MaxLineLength)
            {
                throw Damaged("has a line that is too long");
            }

            Fill();
        }
    }

    private void Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        try
        {
            var read = _plain.Read(_buffer.AsSpan(_end));
            _isAtEnd = read == 0;
            _end += read;
        }
        catch (InvalidDataException damaged)
        {
            throw Damaged("cannot be decompressed", damaged);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", _path);
        }
    }

    private PgkeepException Damaged(string problem, Exception? inner = null) =>
        new(ErrorKind.BackupDamaged, $"\"{_path}\" {problem}", inner, "the archive beside it is whole without its index");

    private readonly record struct FrameLine(long StoredOffset, int StoredLength, int PlainLength);
}
