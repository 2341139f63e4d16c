using System.Buffers.Binary;
using System.Text;

namespace Pgkeep.Postgres;

/// <summary>What a backup_manifest says about one file.</summary>
internal sealed record BackupManifestFile
{
    private const string Crc32CName = "CRC32C";

    /// <summary>Below the data directory, as the file system has it. From outside: check it before opening anything by it.</summary>
    public required byte[] PathBytes { get; init; }

    /// <summary>For people: bytes that are not UTF-8 are replaced.</summary>
    public string Path => Encoding.UTF8.GetString(PathBytes);

    public required long Size { get; init; }

    /// <summary>Null when the manifest has none, or one that lies beyond the year 9999.</summary>
    public DateTimeOffset? LastModified { get; init; }

    /// <summary>CRC32C, SHA224, SHA256, SHA384 or SHA512; null when the backup was taken without checksums.</summary>
    public string? ChecksumAlgorithm { get; init; }

    /// <summary>Null where <see cref="ChecksumAlgorithm"/> is.</summary>
    public byte[]? Checksum { get; init; }

    /// <summary>The checksum, when it is of the kind that PostgreSQL uses unless told otherwise.</summary>
    public uint? Crc32C => ChecksumAlgorithm == Crc32CName && Checksum?.Length == sizeof(uint)
        ? BinaryPrimitives.ReadUInt32LittleEndian(Checksum)
        : null;
}
