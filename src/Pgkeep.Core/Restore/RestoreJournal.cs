using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Restore;

/// <summary>
/// What a restore moves aside, written and made durable before the first move, so that the old cluster can be put back after a crash at any
/// step. It lies beside the data directory, under the old one's new name with <c>.journal</c> behind it.
/// </summary>
internal sealed record RestoreJournal
{
    private const string Suffix = ".journal";

    public required string DataDirectory { get; init; }

    /// <summary>In the order in which they are emptied; the data directory's own comes last, so that a half-moved cluster never looks whole.</summary>
    public required IReadOnlyList<RestoredPlace> Places { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>Not part of the content.</summary>
    [JsonIgnore]
    public string Path { get; init; } = "";

    /// <summary>Where the old data directory waits; null where there was none.</summary>
    [JsonIgnore]
    public string? OldDataDirectory => Places[^1] is { HadContent: true } place ? place.Aside : null;

    /// <param name="tablespaces">Their version directories, there or not.</param>
    public static RestoreJournal Plan(string dataDirectory, IEnumerable<string> tablespaces, DateTimeOffset now)
    {
        var stamp = now.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);
        var places = tablespaces.Append(dataDirectory).Select(path => new RestoredPlace(path, Free($"{path}.before-{stamp}"), HasContent(path))).ToList();
        return new RestoreJournal { DataDirectory = dataDirectory, Places = places, Started = now, Path = places[^1].Aside + Suffix };
    }

    /// <summary>The newest restore of a data directory that has not been undone; null where there is none.</summary>
    public static RestoreJournal? Find(string dataDirectory)
    {
        var parent = System.IO.Path.GetDirectoryName(dataDirectory)!;
        var path = Directory.EnumerateFiles(parent, $"{System.IO.Path.GetFileName(dataDirectory)}.before-*{Suffix}").Order(StringComparer.Ordinal).LastOrDefault();
        if (path is null)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), JournalJson.Default.RestoreJournal)! with { Path = path };
        }
        catch (JsonException damaged)
        {
            throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{path}\" is damaged", damaged, $"the old cluster lies beside \"{dataDirectory}\", under names with .before- in them");
        }
    }

    public void Write() => DurableFile.Replace(Path, [.. JsonSerializer.SerializeToUtf8Bytes(this, JournalJson.Default.RestoreJournal), (byte)'\n']);

    public void Remove()
    {
        FileSystem.Delete(Path);
        FileSystem.SyncDirectory(System.IO.Path.GetDirectoryName(Path)!);
    }

    private static bool HasContent(string path) => Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any();

    private static string Free(string path)
    {
        var free = path;
        for (var number = 2; FileStatus.Of(free) is not null || FileStatus.Of(free + Suffix) is not null; number++)
        {
            free = $"{path}.{number}";
        }

        return free;
    }
}

/// <param name="Path">What the restore writes anew.</param>
/// <param name="Aside">Where its old content waits.</param>
/// <param name="HadContent">False where there was nothing, or an empty directory, which stays as it is.</param>
internal sealed record RestoredPlace(string Path, string Aside, bool HadContent);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RestoreJournal))]
internal sealed partial class JournalJson : JsonSerializerContext;
