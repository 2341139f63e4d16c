using System.Buffers.Binary;
using System.IO.Compression;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Streams;
using Pgkeep.Streams.Deflate;

namespace Pgkeep.Repository;

/// <summary>
/// From a stored WAL file to its plain content, piece by piece, with every check that its form allows. The last of them comes after the last piece:
/// what was written before a failure is worth nothing.
/// </summary>
internal static class StoredWal
{
    /// <summary>The largest segment that PostgreSQL knows; nothing in an archive is larger.</summary>
    private const int MaxLength = 1024 * 1024 * 1024;

    /// <summary>Holds every header that we write: an identity has some 90 bytes.</summary>
    private const int StartLength = 512;

    /// <summary>CRC-32 and length (RFC 1952, 2.3.1).</summary>
    private const int TrailerLength = 8;

    private const int PieceLength = 256 * 1024;

    /// <param name="stored">From its beginning. Not owned.</param>
    /// <param name="storedName">With its suffix.</param>
    /// <param name="path">Of the stored file, for messages.</param>
    /// <param name="plain">What it throws passes through.</param>
    public static void Decode(Stream stored, string storedName, WalFileName file, string path, Stream plain, CancellationToken cancellationToken)
    {
        if (storedName.EndsWith(".zst", StringComparison.Ordinal))
        {
            throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{path}\" is compressed with zstd, which this version does not read", $"unpack it beside itself: zstd -d \"{path}\"");
        }

        if (storedName == file.Name)
        {
            Copy(stored, plain, MaxLength, path, cancellationToken);
            return;
        }

        var start = ReadStart(stored, path);
        if (TryReadIdentity(start, out var identity))
        {
            RequireOwn(identity!, file, path);
            DecodeOwn(stored, start, identity!, path, plain, cancellationToken);
            return;
        }

        // Another tool's: one member or several, with whatever header.
        using var whole = new TrailerStream(stored, start, trailerLength: 0);
        using var gzip = new GZipStream(whole, CompressionMode.Decompress);
        Copy(gzip, plain, MaxLength, path, cancellationToken);
    }

    /// <summary>The whole content, of a file that is small, or of a segment of a size that memory has room for.</summary>
    public static byte[] Decode(Stream stored, string storedName, WalFileName file, string path, CancellationToken cancellationToken)
    {
        using var plain = new MemoryStream();
        Decode(stored, storedName, file, path, plain, cancellationToken);
        return plain.Length == plain.Capacity ? plain.GetBuffer() : plain.ToArray();
    }

    /// <summary>What a file says of itself, without a look at its content. Null where another tool stored it, or it is plain.</summary>
    public static WalIdentity? ReadIdentity(Stream stored, WalFileName file, string path)
    {
        if (!TryReadIdentity(ReadStart(stored, path), out var identity))
        {
            return null;
        }

        RequireOwn(identity!, file, path);
        return identity;
    }

    private static bool TryReadIdentity(ReadOnlySpan<byte> start, out WalIdentity? identity)
    {
        identity = null;
        return GzipHeader.TryReadSubfield(start, out var subfield) && WalIdentity.TryRead(subfield, out identity);
    }

    private static void RequireOwn(WalIdentity identity, WalFileName file, string path)
    {
        if (identity.Name != file.Name || identity.PlainSize is < 0 or > MaxLength)
        {
            throw Damaged(path, $"was stored as \"{identity.Name}\"");
        }
    }

    private static void DecodeOwn(Stream stored, ReadOnlySpan<byte> start, WalIdentity identity, string path, Stream plain, CancellationToken cancellationToken)
    {
        using var deflated = new TrailerStream(stored, start[GzipHeader.LengthOf(start)..], TrailerLength);
        using var inflate = InflateStreams.Create(deflated);
        using var hashed = new HashingStream(plain);
        var crc = Copy(inflate, hashed, identity.PlainSize, path, cancellationToken);
        if (hashed.Length < identity.PlainSize)
        {
            throw Damaged(path, "cannot be decompressed to its end");
        }

        if (deflated.Trailer.Length < TrailerLength
            || BinaryPrimitives.ReadUInt32LittleEndian(deflated.Trailer) != crc
            || BinaryPrimitives.ReadUInt32LittleEndian(deflated.Trailer[4..]) != (uint)hashed.Length)
        {
            throw Damaged(path, "does not end with the checksum and the length of its content");
        }

        if (hashed.Digest != identity.Digest)
        {
            throw Damaged(path, "does not have the checksum that it was stored with");
        }
    }

    /// <returns>The CRC-32 of what was copied.</returns>
    private static uint Copy(Stream from, Stream to, long maxLength, string path, CancellationToken cancellationToken)
    {
        var piece = GC.AllocateUninitializedArray<byte>(PieceLength);
        var (crc, length) = (0u, 0L);
        while (Read(from, piece, path) is var read && read > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            length += read;
            if (length > maxLength)
            {
                throw Damaged(path, maxLength == MaxLength ? "is larger than any WAL segment" : "is longer than what was stored");
            }

            crc = Crc32.Append(crc, piece.AsSpan(0, read));
            to.Write(piece, 0, read);
        }

        return crc;
    }

    private static ReadOnlySpan<byte> ReadStart(Stream stored, string path)
    {
        var start = new byte[StartLength];
        try
        {
            return start.AsSpan(0, stored.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    private static int Read(Stream from, byte[] piece, string path)
    {
        try
        {
            return from.Read(piece);
        }
        catch (InvalidDataException)
        {
            throw Damaged(path, "cannot be decompressed");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    private static PgkeepException Damaged(string path, string problem) =>
        new(ErrorKind.RepositoryCorrupt, $"\"{path}\" {problem}", "the file was damaged after it was stored: look for the disk's errors, and for another copy of the segment");
}
