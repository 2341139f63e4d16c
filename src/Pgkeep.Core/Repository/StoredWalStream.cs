using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Streams;
using Pgkeep.Streams.Deflate;

namespace Pgkeep.Repository;

/// <summary>
/// The plain content of a stored WAL file, read piece by piece, whatever its size. What its form allows to check is checked by the end: after a read
/// of 0 bytes, and not before, the content is what was stored. Damage is a <see cref="PgkeepException"/> of the kind RepositoryCorrupt.
/// </summary>
internal sealed class StoredWalStream : ReadOnlyStream
{
    /// <summary>The largest segment that PostgreSQL knows; nothing in an archive is larger.</summary>
    public const int MaxLength = 1024 * 1024 * 1024;

    /// <summary>Holds every header that we write: an identity has some 100 bytes.</summary>
    private const int StartLength = 512;

    /// <summary>CRC-32 and length (RFC 1952, 2.3.1).</summary>
    private const int TrailerLength = 8;

    private readonly Stream _plain;
    private readonly TrailerStream? _deflated;
    private readonly XxHash128? _digest;
    private readonly string _path;
    private readonly long _maxLength;
    private uint _checksum;
    private long _length;

    private StoredWalStream(Stream file, bool isGzip, string path)
    {
        _path = path;
        _maxLength = MaxLength;
        if (!isGzip)
        {
            _plain = file;
            return;
        }

        var start = ReadStart(file, path);
        Identity = TryReadIdentity(start);
        if (Identity is null)
        {
            // Another tool's: one member or several, with whatever header.
            _deflated = new TrailerStream(file, start, trailerLength: 0);
            _plain = new GZipStream(_deflated, CompressionMode.Decompress);
            return;
        }

        _maxLength = Identity.PlainSize is >= 0 and <= MaxLength ? Identity.PlainSize : throw Damaged($"says that its content has {Identity.PlainSize} bytes");
        _deflated = new TrailerStream(file, start[GzipHeader.LengthOf(start)..], TrailerLength);
        _plain = InflateStreams.Create(_deflated);
        _digest = new XxHash128();
    }

    /// <summary>What travels with the file; null in one that another tool stored.</summary>
    public WalIdentity? Identity { get; }

    /// <summary>Plain bytes so far.</summary>
    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException();
    }

    /// <param name="file">From its beginning. Not owned.</param>
    /// <param name="storedName">With its suffix.</param>
    /// <param name="path">For messages.</param>
    public static StoredWalStream Open(Stream file, string storedName, string path) => storedName.EndsWith(".zst", StringComparison.Ordinal)
        ? throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{path}\" is compressed with zstd, which this version does not read", $"unpack it beside itself: zstd -d \"{path}\"")
        : new StoredWalStream(file, storedName.EndsWith(".gz", StringComparison.Ordinal), path);

    /// <summary>What a file says of itself, without a look at its content. Null where another tool stored it, or it is plain.</summary>
    /// <param name="stored">From its beginning.</param>
    public static WalIdentity? ReadIdentity(Stream stored, string path) => TryReadIdentity(ReadStart(stored, path));

    public override int Read(Span<byte> buffer)
    {
        int read;
        try
        {
            read = _plain.Read(buffer);
        }
        catch (Exception thrown) when (thrown is InvalidDataException or EndOfStreamException)
        {
            throw Damaged("cannot be decompressed");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", _path);
        }

        _length += read;
        if (_length > _maxLength)
        {
            throw Damaged(_maxLength == MaxLength ? "is larger than any WAL segment" : "is longer than what was stored");
        }

        if (_digest is not null)
        {
            _digest.Append(buffer[..read]);
            _checksum = Streams.Crc32.Append(_checksum, buffer[..read]);
        }

        if (read == 0 && !buffer.IsEmpty)
        {
            CheckEnd();
        }

        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (_deflated is not null)
            {
                _plain.Dispose();
                _deflated.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    private static ReadOnlySpan<byte> ReadStart(Stream file, string path)
    {
        var start = new byte[StartLength];
        try
        {
            return start.AsSpan(0, file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    private static WalIdentity? TryReadIdentity(ReadOnlySpan<byte> start) =>
        GzipHeader.TryReadSubfield(start, out var subfield) && WalIdentity.TryRead(subfield, out var identity) ? identity : null;

    private void CheckEnd()
    {
        if (Identity is null)
        {
            _ = _length > 0 ? true : throw Damaged("is empty");
            return;
        }

        if (_length < Identity.PlainSize)
        {
            throw Damaged("cannot be decompressed to its end");
        }

        var trailer = _deflated!.ReadTrailer();
        if (trailer.Length < TrailerLength
            || BinaryPrimitives.ReadUInt32LittleEndian(trailer) != _checksum
            || BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]) != (uint)_length)
        {
            throw Damaged("does not end with the checksum and the length of its content");
        }

        if (QuickDigest.Of(_digest!) != Identity.Digest)
        {
            throw Damaged("does not have the checksum that it was stored with");
        }
    }

    private PgkeepException Damaged(string problem) =>
        new(ErrorKind.RepositoryCorrupt, $"\"{_path}\" {problem}", "the file was damaged after it was stored: look for the disk's errors, and for another copy of it");
}
