using System.Text.Json;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;

namespace Pgkeep.Repository;

/// <summary>Whose repository it is: what <c>repository.json</c> says. Written once, never changed.</summary>
internal sealed record RepositoryIdentity(SystemIdentifier SystemIdentifier, int PostgresMajor, WalSegmentSize WalSegmentSize)
{
    public const int FormatVersion = 1;

    private const string Kind = "pgkeep repository";

    /// <summary>Null where no supported PostgreSQL wrote it.</summary>
    public static RepositoryIdentity? TryOf(ControlFile control) => PostgresVersion.TryGetByControlFile(control.ControlFileVersion, control.CatalogVersion, out var version)
        ? new RepositoryIdentity(control.SystemIdentifier, version.Major, control.WalSegmentSize)
        : null;

    public byte[] ToJson(DateTimeOffset created)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("kind", Kind);
            json.WriteNumber("format_version", FormatVersion);
            // A string: it has 64 bits, and many JSON readers have only 53.
            json.WriteString("system_identifier", SystemIdentifier.ToString());
            json.WriteNumber("postgresql_major", PostgresMajor);
            json.WriteNumber("wal_segment_size", WalSegmentSize.Bytes);
            json.WriteString("compression", "gzip");
            json.WriteString("created", created.UtcDateTime);
            json.WriteEndObject();
        }

        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    /// <param name="path">For messages.</param>
    public static RepositoryIdentity FromJson(ReadOnlyMemory<byte> content, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(content);
            var root = document.RootElement;
            var version = root.GetProperty("format_version").GetInt32();
            if (version > FormatVersion)
            {
                throw new PgkeepException(
                    ErrorKind.RepositoryCorrupt, $"\"{path}\" has format version {version}, and this pgkeep knows {FormatVersion}", "use a newer pgkeep");
            }

            if (RotationMarker.IsOne(root))
            {
                throw new PgkeepException(
                    ErrorKind.RepositoryLocked,
                    $"the repository of \"{path}\" is going over to another cluster, or a rotation was broken off",
                    "run pgkeep repository rotate: it goes on where it stopped");
            }

            if (root.GetProperty("kind").GetString() == Kind
                && SystemIdentifier.TryParse(root.GetProperty("system_identifier").GetString(), out var identifier)
                && root.GetProperty("wal_segment_size").TryGetUInt32(out var segmentSize)
                && WalSegmentSize.IsValid(segmentSize))
            {
                return new RepositoryIdentity(identifier, root.GetProperty("postgresql_major").GetInt32(), new WalSegmentSize(segmentSize));
            }
        }
        catch (Exception thrown) when (thrown is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Corrupt(path, thrown);
        }

        throw Corrupt(path, null);
    }

    private static PgkeepException Corrupt(string path, Exception? inner) =>
        new(ErrorKind.RepositoryCorrupt, $"\"{path}\" is not a repository's marker", inner, "restore the file from a copy; it holds the cluster's system identifier");
}
