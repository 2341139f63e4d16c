using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Restore.Places;

/// <summary>
/// What a restore moves aside, written and made durable before the first move, so that the old cluster can be put back after a crash at any
/// step. It lies beside the data directory, under the old one's new name with <c>.journal</c> behind it.
/// </summary>
internal sealed record RestoreJournal
{
    private const string AsideMark = ".before-";
    private const string UndoneMark = ".undone-";
    private const string Suffix = ".journal";

    public required string DataDirectory { get; init; }

    /// <summary>The data directory, then the tablespaces: the order in which they are emptied.</summary>
    public required IReadOnlyList<RestoredPlace> Places { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>Set when the recovery is over, or was left to whoever starts the server: from then on what was restored is a cluster of its own, and never discarded.</summary>
    public bool IsOver { get; init; }

    /// <summary>Not part of the content.</summary>
    [JsonIgnore]
    public string Path { get; init; } = "";

    /// <summary>Of the data directory; not part of the content.</summary>
    [JsonIgnore]
    public Account? Owner { get; init; }

    /// <summary>Where the old data directory waits; null where there was none.</summary>
    [JsonIgnore]
    public string? OldDataDirectory => Places[0] is { HadContent: true } place ? place.Aside : null;

    /// <summary>The same, or the data directory itself where it has not been moved yet.</summary>
    [JsonIgnore]
    public string OldDataDirectoryNow => !Places[0].HadContent || Places[0].IsAside ? Places[0].Aside : DataDirectory;

    /// <summary>
    /// True where pgkeep was killed before the recovery was over: what lies in the data directory is no cluster yet. The server itself removes
    /// <c>recovery.signal</c> when it has promoted itself, so a kill between that and our own mark is told apart too.
    /// </summary>
    [JsonIgnore]
    public bool IsBrokenOff =>
        !IsOver
        && (!File.Exists(System.IO.Path.Combine(DataDirectory, ControlFileReader.RelativePath))
            || File.Exists(System.IO.Path.Combine(DataDirectory, RecoverySettings.SignalName)));

    /// <summary>Without its control file, which comes last, no server has ever run on what was copied.</summary>
    [JsonIgnore]
    public bool IsPartialCopy => !IsOver && !File.Exists(System.IO.Path.Combine(DataDirectory, ControlFileReader.RelativePath));

    /// <param name="tablespaces">Their version directories, there or not.</param>
    /// <param name="owner">Root's journal must be readable for the server's account.</param>
    public static RestoreJournal Plan(string dataDirectory, IEnumerable<string> tablespaces, DateTimeOffset now, Account? owner = null)
    {
        var stamp = now.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);
        var places = tablespaces.Prepend(dataDirectory)
            .Select(path => new RestoredPlace(path, Free($"{path}{AsideMark}{stamp}"), RestoredPlace.HasEntries(path)))
            .ToList();
        return new RestoreJournal { DataDirectory = dataDirectory, Places = places, Started = now, Path = places[0].Aside + Suffix, Owner = owner };
    }

    /// <summary>The newest restore of a data directory that has not been undone; null where there is none.</summary>
    public static RestoreJournal? Find(string dataDirectory)
    {
        var prefix = System.IO.Path.GetFileName(dataDirectory) + AsideMark;
        return SiblingsOf(dataDirectory)
            .Where(path => System.IO.Path.GetFileName(path).StartsWith(prefix, StringComparison.Ordinal) && path.EndsWith(Suffix, StringComparison.Ordinal))
            .Select(path => Read(path, dataDirectory))
            .MaxBy(journal => journal.Started);
    }

    /// <summary>The same, where that restore was killed; null otherwise.</summary>
    public static RestoreJournal? FindBrokenOff(string dataDirectory)
    {
        var newest = Find(dataDirectory);
        return newest is { IsBrokenOff: true } ? newest : null;
    }

    /// <summary>What undone restores of a data directory wrote, as far as it is still there.</summary>
    public static IEnumerable<string> UndoneOf(string dataDirectory)
    {
        var prefix = System.IO.Path.GetFileName(dataDirectory) + UndoneMark;
        return SiblingsOf(dataDirectory).Where(path => System.IO.Path.GetFileName(path).StartsWith(prefix, StringComparison.Ordinal));
    }

    public static string FreeUndoneName(RestoredPlace place)
    {
        var mark = place.Aside.LastIndexOf(AsideMark, StringComparison.Ordinal);
        return Free(place.Aside[..mark] + UndoneMark + place.Aside[(mark + AsideMark.Length)..]);
    }

    public void Write()
    {
        DurableFile.Replace(Path, [.. JsonSerializer.SerializeToUtf8Bytes(this, JournalJson.Default.RestoreJournal), (byte)'\n']);
        if (Account.IsRoot && Owner is { } owner)
        {
            FileSystem.ChangeOwner(Path, owner.UserId, owner.GroupId);
        }
    }

    public void Remove()
    {
        FileSystem.Delete(Path);
        FileSystem.SyncDirectory(System.IO.Path.GetDirectoryName(Path)!);
    }

    private static IReadOnlyList<string> SiblingsOf(string dataDirectory)
    {
        var parent = System.IO.Path.GetDirectoryName(dataDirectory);
        try
        {
            return parent is not null && Directory.Exists(parent) ? [.. Directory.EnumerateFileSystemEntries(parent)] : [];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", parent!);
        }
    }

    private static RestoreJournal Read(string path, string dataDirectory)
    {
        try
        {
            var journal = JsonSerializer.Deserialize(File.ReadAllBytes(path), JournalJson.Default.RestoreJournal);
            if (journal is { Places: [{ } first, ..] } && journal.DataDirectory == dataDirectory && first.Path == dataDirectory
                && journal.Places.All(place => place.Aside.StartsWith(place.Path + AsideMark, StringComparison.Ordinal)))
            {
                return journal with { Path = path };
            }

            throw Damaged(path, dataDirectory, null);
        }
        catch (JsonException thrown)
        {
            throw Damaged(path, dataDirectory, thrown);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    private static PgkeepException Damaged(string path, string dataDirectory, Exception? inner) => new(
        ErrorKind.RepositoryCorrupt,
        $"\"{path}\" is not a journal of \"{dataDirectory}\"",
        inner,
        $"the old cluster lies beside \"{dataDirectory}\", under names with {AsideMark} in them");

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

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RestoreJournal))]
internal sealed partial class JournalJson : JsonSerializerContext;
