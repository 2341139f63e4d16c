using System.Buffers.Binary;
using System.Security.Cryptography;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;

namespace Pgkeep.Backup.Streamed;

/// <summary>
/// All files of a backup_manifest as one number, whatever their order: the sum of the first 128 bits of SHA-256 over path, size and checksum of
/// each. So the server's manifest and ours are compared in memory that does not grow with the files.
/// </summary>
/// <param name="Files">How many there are.</param>
/// <param name="Bytes">All their sizes.</param>
internal sealed record ManifestDigest(long Files, long Bytes, UInt128 Sum, BackupManifestSummary Summary)
{
    /// <summary>Size and checksum, before the path.</summary>
    private const int FixedLength = sizeof(long) + sizeof(uint);

    /// <summary>Reads it to its end, its own checksum included; throws where it is not what a server writes.</summary>
    /// <param name="name">For messages.</param>
    public static ManifestDigest Read(Stream content, string name)
    {
        using var reader = new BackupManifestReader(content);
        var (files, bytes, sum) = (0L, 0L, UInt128.Zero);
        while (reader.TryReadFile(out var file))
        {
            if (!IsCompared(file))
            {
                continue;
            }

            files++;
            bytes += file.Size;
            sum = unchecked(sum + NumberOf(file, name));
        }

        return reader.TryFinish(out var summary, out var problem)
            ? new ManifestDigest(files, bytes, sum, summary)
            : throw new PgkeepException(ErrorKind.BackupDamaged, $"{name} cannot be used: {problem}");
    }

    public bool HasSameFiles(ManifestDigest other) => (Files, Bytes, Sum) == (other.Files, other.Bytes, other.Sum);

    /// <summary>WAL is in an archive of its own, and what our rules leave out, or an empty map, is not stored.</summary>
    private static bool IsCompared(BackupManifestFile file) => file.Path switch
    {
        StreamedMembers.LabelName => true,
        StreamedMembers.MapName => file.Size > 0,
        var path => !path.StartsWith("pg_wal/", StringComparison.Ordinal) && !DataDirectoryRules.IsLeftOut(path),
    };

    private static UInt128 NumberOf(BackupManifestFile file, string name)
    {
        if (file.Crc32C is not { } checksum)
        {
            throw new PgkeepException(ErrorKind.BackupDamaged, $"{name} has no CRC-32C for \"{file.Path}\"");
        }

        var text = new byte[FixedLength + file.PathBytes.Length];
        BinaryPrimitives.WriteInt64LittleEndian(text, file.Size);
        BinaryPrimitives.WriteUInt32LittleEndian(text.AsSpan(sizeof(long)), checksum);
        file.PathBytes.CopyTo(text, FixedLength);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
