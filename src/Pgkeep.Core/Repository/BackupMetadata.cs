using System.Text.Json;
using System.Text.Json.Serialization;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Repository;

/// <summary><c>backup_metadata.json</c>: what a person and pgkeep need to know of a backup. The format document lists every field.</summary>
internal sealed record BackupMetadata
{
    public const int CurrentFormatVersion = 1;

    public const string WalFromArchive = "archive";
    public const string WalFromSlot = "slot";
    public const string FromPrimary = "primary";
    public const string FromStandby = "standby";

    public required int FormatVersion { get; init; }

    public required string Name { get; init; }

    public required string PgkeepVersion { get; init; }

    /// <summary>By the server's clock, with this machine's zone.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>By the server's clock, when the backup mode ended: no earlier moment can be restored from this backup.</summary>
    public required DateTimeOffset Stopped { get; init; }

    public required Lsn StartLsn { get; init; }

    public required Lsn StopLsn { get; init; }

    public required TimelineId Timeline { get; init; }

    public required WalSegmentName StartWal { get; init; }

    public required WalSegmentName StopWal { get; init; }

    /// <summary>Who keeps the WAL that follows: the archive, or nobody, since a replication slot kept only the backup's own.</summary>
    public string Wal { get; init; } = WalFromArchive;

    public string BackupFrom { get; init; } = FromPrimary;

    public required string Source { get; init; }

    public required string Checkpoint { get; init; }

    /// <summary>The codec's name; <see cref="Codec"/> is what it stands for.</summary>
    public required string Compression { get; init; }

    /// <summary>0 where the codec has none.</summary>
    public required int CompressionLevel { get; init; }

    /// <summary>Of all its archives.</summary>
    [JsonIgnore]
    public Codec Codec => Codec.TryFind(Compression, out var codec) ? codec : throw new InvalidOperationException($"no codec is named \"{Compression}\"");

    [JsonIgnore]
    public ArchiveNames Archives => new(Codec);

    public required ClusterMetadata Cluster { get; init; }

    public required BackupSizes Sizes { get; init; }

    public required IReadOnlyList<TablespaceMetadata> Tablespaces { get; init; }

    /// <summary>Absolute paths of the files in the archive <c>config</c>.</summary>
    public IReadOnlyList<string> ConfigurationFiles { get; init; } = [];

    /// <summary>Databases whose relations are not in <c>catalog.json.gz</c>, each with the reason.</summary>
    public IReadOnlyList<string> CatalogMissing { get; init; } = [];

    /// <summary>The backup this one builds on; null for a full one.</summary>
    public string? Parent { get; init; }

    /// <summary>Pages whose checksums were verified; 0 where the cluster has none.</summary>
    public long PagesChecked { get; init; }

    /// <summary>Pages that were being written while they were read: their checksum does not fit, and replay of the backup's WAL repairs them.</summary>
    public IReadOnlyList<string> ExcusedPages { get; init; } = [];

    /// <summary>What was noticed and needs a person; empty for a clean backup.</summary>
    public required IReadOnlyList<string> Findings { get; init; }

    /// <summary>Whether nothing was archived that leads further than the backup's own end.</summary>
    [JsonIgnore]
    public bool EndsInItself => Wal == WalFromSlot;

    /// <summary>Whether the backup's last segment was still being written, and is zero behind <see cref="StopLsn"/>: a primary ends its own.</summary>
    [JsonIgnore]
    public bool EndsInPart => BackupFrom == FromStandby;

    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, MetadataJson.Default.BackupMetadata), (byte)'\n'];

    /// <param name="path">For messages.</param>
    public static BackupMetadata FromJson(ReadOnlySpan<byte> content, string path)
    {
        try
        {
            var metadata = JsonSerializer.Deserialize(content, MetadataJson.Default.BackupMetadata);
            if (metadata is { FormatVersion: > 0 and <= CurrentFormatVersion })
            {
                if (!Codec.TryFind(metadata.Compression, out _))
                {
                    throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{path}\" names a compression \"{metadata.Compression}\" that this pgkeep does not know", "use a newer pgkeep");
                }

                return WalSegmentSize.IsValid(metadata.Cluster.WalSegmentSize)
                    ? metadata
                    : throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{path}\" names a WAL segment size of {metadata.Cluster.WalSegmentSize} bytes, which there is not");
            }

            throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{path}\" has a format version that this pgkeep does not know", "use a newer pgkeep");
        }
        catch (JsonException thrown)
        {
            throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{path}\" is damaged", thrown, "pgkeep verify names every damaged file; take another backup");
        }
    }
}

/// <summary>The server a backup was taken from, as far as a restore must know it.</summary>
internal sealed record ClusterMetadata
{
    public required SystemIdentifier SystemIdentifier { get; init; }

    /// <summary>As the server names itself, such as <c>15.18</c>.</summary>
    public required string PostgresqlVersion { get; init; }

    public required int PostgresqlMajor { get; init; }

    public required string DataDirectory { get; init; }

    /// <summary>Null where it lies in the data directory.</summary>
    public string? ConfigFile { get; init; }

    public string? HbaFile { get; init; }

    public string? IdentFile { get; init; }

    /// <summary>Where the server's programs were; null where it could not be told.</summary>
    public string? BinDirectory { get; init; }

    public required bool DataChecksums { get; init; }

    public required uint BlockSize { get; init; }

    public required uint WalSegmentSize { get; init; }

    public required uint ControlFileVersion { get; init; }

    public required uint CatalogVersion { get; init; }

    /// <summary>What the server's <c>version()</c> says; empty where nobody told.</summary>
    public string Build { get; init; } = "";

    /// <summary>By library, <c>icu</c> and <c>libc</c>: with another version, indexes on text must be built anew after a restore.</summary>
    public IReadOnlyDictionary<string, string> CollationVersions { get; init; } = new Dictionary<string, string>();

    /// <summary>Settings that a restored server may not lower, and what a person wants to compare.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }
}

/// <param name="PlainBytes">Of all files.</param>
/// <param name="StoredBytes">Of all archives.</param>
internal sealed record BackupSizes(long Files, long PlainBytes, long StoredBytes);

/// <param name="Archive">Its file in the backup.</param>
internal sealed record TablespaceMetadata(uint Oid, string Location, string Archive);

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(LsnConverter), typeof(TimelineConverter), typeof(SegmentConverter), typeof(IdentifierConverter)])]
[JsonSerializable(typeof(BackupMetadata))]
internal sealed partial class MetadataJson : JsonSerializerContext;
