using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Restore.InPlace;

/// <summary>
/// Tells that a restore is changing a cluster's own files, from before the first change until it is over. It lies beside the data directory, under its name with
/// <c>.in-place.journal</c> behind it. Nothing can be undone by it; it says what is going on, and where the WAL was saved that nobody else has.
/// </summary>
internal sealed record InPlaceJournal
{
    private const string Suffix = ".in-place.journal";

    /// <summary>In <c>global</c>: the old control file's name from the moment on in which no server may start.</summary>
    private const string OldControlSuffix = ".pgkeep-old";

    public required string DataDirectory { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>Name of the backup.</summary>
    public required string Backup { get; init; }

    /// <summary>The tablespaces' version directories, the old cluster's among them, whose links are gone soon.</summary>
    public required IReadOnlyList<string> Tablespaces { get; init; }

    /// <summary>A directory whose <c>pg_wal</c> has the old server's WAL that is in no archive.</summary>
    public required string SavedWal { get; init; }

    /// <summary>Set before the first file is changed: from then on there is no way back.</summary>
    public bool IsWriting { get; init; }

    /// <summary>Not part of the content.</summary>
    [JsonIgnore]
    public Account? Owner { get; init; }

    [JsonIgnore]
    public string Path => PathOf(DataDirectory);

    /// <summary>Where the WAL that only the old server has is looked for.</summary>
    [JsonIgnore]
    public string OldWal => IsWriting ? SavedWal : DataDirectory;

    private string Control => System.IO.Path.Combine(DataDirectory, ControlFileReader.RelativePath);

    private string OldControl => Control + OldControlSuffix;

    public static InPlaceJournal Plan(string dataDirectory, string backup, IEnumerable<string> tablespaces, DateTimeOffset now, Account? owner)
    {
        var stamp = now.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);
        return new InPlaceJournal
        {
            DataDirectory = dataDirectory,
            Started = now,
            Backup = backup,
            Tablespaces = [.. tablespaces],
            SavedWal = $"{dataDirectory}.in-place-{stamp}.wal",
            Owner = owner,
        };
    }

    /// <summary>The restore in place of a data directory that is not over; null where there is none.</summary>
    public static InPlaceJournal? Find(string dataDirectory)
    {
        var journal = Read(dataDirectory);
        return journal is { IsOver: false } ? journal : null;
    }

    /// <summary>Removes what a restore has left that was killed right before its end.</summary>
    public static void RemoveOver(string dataDirectory)
    {
        if (Read(dataDirectory) is { IsOver: true } journal)
        {
            journal.Remove();
        }
    }

    public void Write()
    {
        DurableFile.Replace(Path, [.. JsonSerializer.SerializeToUtf8Bytes(this, InPlaceJson.Default.InPlaceJournal), (byte)'\n']);
        Owner?.Own(Path);
    }

    public void Remove()
    {
        FileSystem.Delete(Path);
        FileSystem.SyncDirectory(System.IO.Path.GetDirectoryName(Path)!);
    }

    /// <summary>From now on no server starts on the data directory.</summary>
    public void TakeControl()
    {
        if (FileSystem.TryRename(Control, OldControl))
        {
            FileSystem.SyncDirectory(System.IO.Path.GetDirectoryName(Control)!);
        }
    }

    /// <summary>As long as nothing was changed: all is as it was before.</summary>
    public void PutBack()
    {
        if (!File.Exists(Control) && FileSystem.TryRename(OldControl, Control))
        {
            FileSystem.SyncDirectory(System.IO.Path.GetDirectoryName(Control)!);
        }

        Remove();
    }

    /// <summary>
    /// The server has promoted itself, and removed <c>recovery.signal</c>, which is there before the control file; or nothing was begun.
    /// </summary>
    [JsonIgnore]
    private bool IsOver => IsWriting
        && File.Exists(Control)
        && !File.Exists(System.IO.Path.Combine(DataDirectory, RecoverySettings.SignalName));

    private static string PathOf(string dataDirectory) => dataDirectory + Suffix;

    private static InPlaceJournal? Read(string dataDirectory)
    {
        var path = PathOf(dataDirectory);
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            var journal = JsonSerializer.Deserialize(File.ReadAllBytes(path), InPlaceJson.Default.InPlaceJournal);
            return journal?.DataDirectory == dataDirectory ? journal : throw Damaged(path, dataDirectory, null);
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
        $"\"{path}\" is not a journal of a restore of \"{dataDirectory}\" in place",
        inner,
        "nothing was changed; move the file away, and then restore without --in-place, which keeps what is there");
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(InPlaceJournal))]
internal sealed partial class InPlaceJson : JsonSerializerContext;
