using System.IO.Compression;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Streams;

namespace Pgkeep.Repository;

/// <summary>From the bytes of a stored WAL file to its plain content, with every check that its form allows.</summary>
internal static class StoredWal
{
    /// <summary>The largest segment that PostgreSQL knows; nothing in an archive is larger.</summary>
    private const int MaxLength = 1024 * 1024 * 1024;

    /// <param name="storedName">With its suffix.</param>
    /// <param name="path">For messages.</param>
    public static byte[] Decode(byte[] stored, string storedName, WalFileName file, string path)
    {
        if (storedName.EndsWith(".zst", StringComparison.Ordinal))
        {
            throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{path}\" is compressed with zstd, which this version does not read", $"unpack it beside itself: zstd -d \"{path}\"");
        }

        if (storedName == file.Name)
        {
            return stored;
        }

        var identity = GzipHeader.TryReadSubfield(stored, out var subfield) && WalIdentity.TryRead(subfield, out var found) ? found : null;
        if (identity is not null && (identity.Name != file.Name || identity.PlainSize is < 0 or > MaxLength))
        {
            throw Damaged(path, $"was stored as \"{identity.Name}\"");
        }

        var plain = Decompress(stored, identity?.PlainSize, path);
        if (identity is not null && Sha256Digest.Of(plain) != identity.Digest)
        {
            throw Damaged(path, "does not have the checksum that it was stored with");
        }

        return plain;
    }

    private static byte[] Decompress(byte[] stored, long? size, string path)
    {
        try
        {
            using var gzip = new GZipStream(new MemoryStream(stored, writable: false), CompressionMode.Decompress);
            if (size is { } known)
            {
                var plain = new byte[known];
                gzip.ReadExactly(plain);
                return gzip.ReadByte() < 0 ? plain : throw Damaged(path, "is longer than what was stored");
            }

            using var content = new MemoryStream();
            var buffer = new byte[1024 * 1024];
            for (int read; (read = gzip.Read(buffer)) > 0;)
            {
                content.Write(buffer, 0, read);
                if (content.Length > MaxLength)
                {
                    throw Damaged(path, "is larger than any WAL segment");
                }
            }

            return content.ToArray();
        }
        catch (Exception thrown) when (thrown is InvalidDataException or EndOfStreamException)
        {
            throw Damaged(path, "cannot be decompressed");
        }
    }

    private static PgkeepException Damaged(string path, string problem) =>
        new(ErrorKind.RepositoryCorrupt, $"\"{path}\" {problem}", "the file was damaged after it was stored: look for the disk's errors, and for another copy of the segment");
}
