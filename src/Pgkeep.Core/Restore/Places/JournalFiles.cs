using System.Text.Json;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Restore.Places;

/// <summary>Where the journals of a data directory's restores lie, and what their names say: beside it, and in it where it was a mount point.</summary>
internal static class JournalFiles
{
    /// <summary>The control file of an undone restore, all that is kept of it in the end: it names a timeline.</summary>
    public const string ControlEnding = ".pg_control";

    private const string Ending = ".journal";
    private const string UndoingEnding = ".undoing";
    private const string ForgettingEnding = ".forgetting";

    private static readonly string[] Endings = [Ending, UndoingEnding, ForgettingEnding];

    /// <param name="kept">The data directory's name aside, or the one it has after a rollback.</param>
    public static string PathOf(string kept, RestoreState state) => kept + state switch
    {
        RestoreState.Undoing => UndoingEnding,
        RestoreState.Forgetting => ForgettingEnding,
        _ => Ending,
    };

    /// <param name="path">Of a journal.</param>
    public static RestoreState StateOf(string path) => Path.GetExtension(path) switch
    {
        UndoingEnding => RestoreState.Undoing,
        ForgettingEnding => RestoreState.Forgetting,
        _ => IsOfUndone(path) ? RestoreState.Undone : RestoreState.Aside,
    };

    /// <param name="path">Of a journal.</param>
    public static bool IsOfUndone(string path) =>
        Path.GetFileName(path) is var name && (name.StartsWith(AsideNames.Undone, StringComparison.Ordinal)
            || name.LastIndexOf(RestoreJournal.UndoneMark, StringComparison.Ordinal) > name.LastIndexOf(RestoreJournal.AsideMark, StringComparison.Ordinal));

    /// <summary>All that there are, in every state.</summary>
    /// <param name="dataDirectory">Absolute, with links followed.</param>
    public static IReadOnlyList<RestoreJournal> Of(string dataDirectory) =>
        [.. Around(dataDirectory).Where(path => IsUndone(path, dataDirectory) is not null && Endings.Contains(Path.GetExtension(path))).Select(path => Read(path, dataDirectory))];

    /// <summary>What is known of the clusters that undone restores had made.</summary>
    public static IEnumerable<(string Path, ControlFile Control)> UndoneOf(string dataDirectory)
    {
        foreach (var path in Around(dataDirectory).Where(path => IsUndone(path, dataDirectory) == true && !Endings.Contains(Path.GetExtension(path))))
        {
            var control = path.EndsWith(ControlEnding, StringComparison.Ordinal) ? ControlFileReader.TryReadFile(path) : ControlFileReader.TryRead(path);
            if (control is not null)
            {
                yield return (path, control);
            }
        }
    }

    /// <summary>
    /// Whether a path is of an undone restore's part; null where it has nothing to do with the data directory's restores. Another data directory's name may begin with what this
    /// one's would.
    /// </summary>
    private static bool? IsUndone(string path, string dataDirectory)
    {
        var (old, undone) = Path.GetDirectoryName(path) == dataDirectory
            ? (AsideNames.Old, AsideNames.Undone)
            : (Path.GetFileName(dataDirectory) + RestoreJournal.AsideMark, Path.GetFileName(dataDirectory) + RestoreJournal.UndoneMark);
        var name = Path.GetFileName(path);
        foreach (var (prefix, isUndone) in new[] { (old, false), (undone, true) })
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal) && name[prefix.Length..] is var rest
                && !rest.Contains(RestoreJournal.AsideMark, StringComparison.Ordinal) && !rest.Contains(RestoreJournal.UndoneMark, StringComparison.Ordinal))
            {
                return isUndone;
            }
        }

        return null;
    }

    private static IEnumerable<string> Around(string dataDirectory) => EntriesOf(Path.GetDirectoryName(dataDirectory)).Concat(EntriesOf(dataDirectory));

    private static IReadOnlyList<string> EntriesOf(string? directory)
    {
        try
        {
            return directory is not null && Directory.Exists(directory) ? [.. Directory.EnumerateFileSystemEntries(directory)] : [];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", directory!);
        }
    }

    private static RestoreJournal Read(string path, string dataDirectory)
    {
        try
        {
            var journal = JsonSerializer.Deserialize(File.ReadAllBytes(path), JournalJson.Default.RestoreJournal);
            if (journal is { Places: [{ } first, ..] } && journal.DataDirectory == dataDirectory && first.Path == dataDirectory && journal.Places.All(IsSound))
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

    /// <summary>A journal that somebody has edited must not lead a rename, or a removal, anywhere else.</summary>
    private static bool IsSound(RestoredPlace place) =>
        (place.Aside.StartsWith(place.Path + RestoreJournal.AsideMark, StringComparison.Ordinal)
            || place.Aside.StartsWith(place.Path + "/" + AsideNames.Old, StringComparison.Ordinal))
        && Path.GetFullPath(place.Path) == place.Path
        && Path.GetFullPath(place.Aside) == place.Aside
        && Path.GetDirectoryName(place.Aside) is var parent && (parent == place.Path || parent == Path.GetDirectoryName(place.Path));

    private static PgkeepException Damaged(string path, string dataDirectory, Exception? inner) => new(
        ErrorKind.RepositoryCorrupt,
        $"\"{path}\" is not a journal of \"{dataDirectory}\"",
        inner,
        $"the old cluster lies beside \"{dataDirectory}\", under names with {RestoreJournal.AsideMark} in them, or in it, under {AsideNames.Old}…");
}
