using System.Text.Json;
using System.Text.Json.Serialization;
using Pgkeep.Posix;

namespace Pgkeep.Restore.Copies;

/// <summary>
/// The file that says that a directory holds a copy in the making, and nothing that anybody could miss. It comes first into each of the copy's directories and goes last, whether the copy is
/// done or given up; so what a killed process left is known by it, and only what carries it is ever removed.
/// </summary>
internal sealed record CopyMarker
{
    public const string FileName = ".pgkeep-copy.json";

    private const string CurrentKind = "pgkeep copy";

    public required string Kind { get; init; }

    /// <summary>The same in all directories of one copy, and of no other.</summary>
    public required string Id { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>The data directory first, then the tablespaces.</summary>
    public required IReadOnlyList<CopiedPlace> Places { get; init; }

    [JsonIgnore]
    public string DataDirectory => Places[0].Path;

    /// <param name="places">Absolute, the data directory first.</param>
    public static CopyMarker Create(IEnumerable<string> places, DateTimeOffset now) => new()
    {
        Kind = CurrentKind,
        Id = Guid.NewGuid().ToString("N"),
        Started = now,
        Places = [.. places.Select(path => new CopiedPlace(path, Directory.Exists(path)))],
    };

    /// <summary>Null where a directory carries none, and where its marker is of another directory: somebody has copied or moved it.</summary>
    public static CopyMarker? Find(string directory)
    {
        var path = Path.Combine(directory, FileName);
        try
        {
            return FileStatus.Of(path) is { Type: FileType.Regular }
                && JsonSerializer.Deserialize(File.ReadAllBytes(path), CopyMarkerJson.Default.CopyMarker) is { Kind: CurrentKind, Places: [_, ..] } marker
                && marker.Places.Any(place => place.Path == directory)
                    ? marker
                    : null;
        }
        catch (JsonException)
        {
            return null;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    /// <summary>Whether a directory has something in it beside the marker.</summary>
    public static bool IsEmptyButForMarker(string directory)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(directory).All(entry => Path.GetFileName(entry) == FileName);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", directory);
        }
    }

    public static string PathIn(string directory) => Path.Combine(directory, FileName);

    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, CopyMarkerJson.Default.CopyMarker), (byte)'\n'];
}

/// <param name="WasThere">The directory, empty, before the copy began: then it stays.</param>
internal sealed record CopiedPlace(string Path, bool WasThere);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CopyMarker))]
internal sealed partial class CopyMarkerJson : JsonSerializerContext;
