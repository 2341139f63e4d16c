using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Restore.Places;

/// <summary>
/// What a restore moves aside, written and made durable before the first move, so that the old cluster can be put back after a crash at any
/// step. It lies beside the old data directory, under its new name with an ending of its own: beside the data directory, or inside where that cannot be renamed.
/// </summary>
internal sealed record RestoreJournal
{
    public const string AsideMark = ".before-";
    public const string UndoneMark = ".undone-";

    private const string BackupLabelName = "backup_label";

    public required string DataDirectory { get; init; }

    /// <summary>The data directory, then the others: the order in which they are emptied.</summary>
    public required IReadOnlyList<RestoredPlace> Places { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>Set when the recovery is over: from then on what was restored is a cluster of its own, and never discarded.</summary>
    public bool IsOver { get; init; }

    /// <summary>Not part of the content.</summary>
    [JsonIgnore]
    public string Path { get; init; } = "";

    /// <summary>Of the data directory; not part of the content.</summary>
    [JsonIgnore]
    public Account? Owner { get; init; }

    [JsonIgnore]
    public RestoreState State => JournalFiles.StateOf(Path);

    /// <summary>Of what a restore wrote and a rollback took away, and not of an old cluster.</summary>
    [JsonIgnore]
    public bool IsOfUndone => JournalFiles.IsOfUndone(Path);

    /// <summary>By which a person names the restore: its moment, as in the names of what it moved aside.</summary>
    [JsonIgnore]
    public string Id => Places[0].IsEmptied
        ? System.IO.Path.GetFileName(Places[0].Aside)[AsideNames.Old.Length..]
        : Places[0].Aside[(DataDirectory.Length + AsideMark.Length)..];

    /// <summary>Where the old data directory waits; null where there was none.</summary>
    [JsonIgnore]
    public string? OldDataDirectory => Places[0] is { HadContent: true } place ? place.Aside : null;

    /// <summary>The same, or where its control file is while its entries move, or the data directory itself where it has not been moved yet.</summary>
    [JsonIgnore]
    public string OldDataDirectoryNow => Places[0] is { HadContent: false } or { IsAside: true } ? Places[0].Aside
        : System.IO.Path.GetDirectoryName(System.IO.Path.GetDirectoryName(Places[0].NowAt(System.IO.Path.Combine(DataDirectory, ControlFileReader.RelativePath))))!;

    /// <summary>
    /// True where pgkeep was killed before the recovery was over: what lies in the data directory is no cluster yet. The server itself removes
    /// <c>recovery.signal</c> when it has promoted itself, and <c>backup_label</c> before, so a kill between that and our own mark is told apart too. So is a rollback
    /// that was killed, and a restore before it had moved anything.
    /// </summary>
    [JsonIgnore]
    public bool IsBrokenOff => State == RestoreState.Undoing
        || (State == RestoreState.Aside && !IsOver && (IsOldInPlace || Places[0].IsMoving || !Has(ControlFileReader.RelativePath) || Has(RecoverySettings.SignalName) || Has(BackupLabelName)));

    /// <summary>Without its control file, which comes last, no server has ever run on what was copied.</summary>
    [JsonIgnore]
    public bool IsPartialCopy => State == RestoreState.Aside && !IsOver && !IsOldInPlace && !Has(ControlFileReader.RelativePath);

    /// <summary>The old data directory is the first to go and the last to come back: while it is in its place, all of the old cluster is.</summary>
    [JsonIgnore]
    public bool IsOldInPlace => Places[0] is { HadContent: true, IsAside: false, IsMoving: false };

    /// <param name="places">The data directory first.</param>
    /// <param name="owner">Root's journal must be readable for the server's account.</param>
    public static RestoreJournal Plan(IReadOnlyList<PlannedPlace> places, DateTimeOffset now, Account? owner = null)
    {
        var stamp = now.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);
        var id = stamp;
        for (var number = 2; places.Any(place => !place.IsFree(id)); number++)
        {
            id = $"{stamp}.{number}";
        }

        return new RestoreJournal
        {
            DataDirectory = places[0].Path,
            Places = [.. places.Select(place => place.With(id))],
            Started = now,
            Path = JournalFiles.PathOf(places[0].With(id).Aside, RestoreState.Aside),
            Owner = owner,
        };
    }

    /// <summary>The newest restore of a data directory that has not been undone; null where there is none.</summary>
    public static RestoreJournal? Find(string dataDirectory) =>
        JournalFiles.Of(dataDirectory).Where(journal => journal.State is RestoreState.Aside or RestoreState.Undoing).MaxBy(journal => journal.Started);

    /// <summary>The same, where that restore was killed; null otherwise.</summary>
    public static RestoreJournal? FindBrokenOff(string dataDirectory)
    {
        var newest = Find(dataDirectory);
        return newest is { IsBrokenOff: true } ? newest : null;
    }

    /// <summary>Where a part of the old cluster lies now, whatever the restore has moved.</summary>
    /// <param name="path">Where it lay when the restore began, with links followed.</param>
    public string NowAt(string path) =>
        Places.Where(place => path == place.Path || path.StartsWith(place.Path + "/", StringComparison.Ordinal)).MaxBy(place => place.Path.Length)?.NowAt(path) ?? path;

    public void Write()
    {
        DurableFile.Replace(Path, [.. JsonSerializer.SerializeToUtf8Bytes(this, JournalJson.Default.RestoreJournal), (byte)'\n']);
        Owner?.Own(Path);
    }

    /// <summary>Goes over to another state, durably.</summary>
    public RestoreJournal Become(RestoreState state)
    {
        // What is undone lies under other names, and the journal with it.
        var kept = state == RestoreState.Undone || IsOfUndone ? Places[0].Undone : Places[0].Aside;
        var path = JournalFiles.PathOf(kept, state);
        if (path != Path)
        {
            FileSystem.Rename(Path, path);
            FileSystem.SyncDirectory(System.IO.Path.GetDirectoryName(path)!);
        }

        return this with { Path = path };
    }

    public void Remove()
    {
        FileSystem.Delete(Path);
        FileSystem.SyncDirectory(System.IO.Path.GetDirectoryName(Path)!);
    }

    private bool Has(string name) => File.Exists(System.IO.Path.Combine(DataDirectory, name));
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RestoreJournal))]
internal sealed partial class JournalJson : JsonSerializerContext;
