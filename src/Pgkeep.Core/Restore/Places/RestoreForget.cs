using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Restore.Places;

/// <summary>
/// Removes what restores have left aside, and is the only thing that does. A journal says first that it has begun: from then on nothing is put back from there. Each
/// directory loses its name before its content, and the journal goes last, so that this goes on when it is called again.
/// </summary>
internal sealed class RestoreForget
{
    private readonly string _dataDirectory;

    private RestoreForget(string dataDirectory, IReadOnlyList<KeptData> chosen)
    {
        _dataDirectory = dataDirectory;
        Chosen = chosen;
    }

    /// <summary>Oldest first; empty where there is nothing.</summary>
    public IReadOnlyList<KeptData> Chosen { get; }

    /// <param name="id">Of one restore; null for the only one that there is, or all.</param>
    public static RestoreForget Plan(string dataDirectory, string? id, bool all)
    {
        var kept = KeptData.Of(dataDirectory);
        ClusterHold.RequireFree(dataDirectory, RestoreJournal.Find(dataDirectory));
        var chosen = Choose(kept, dataDirectory, id, all);
        foreach (var one in chosen)
        {
            RequireForgettable(one, dataDirectory);
        }

        return new RestoreForget(dataDirectory, chosen);
    }

    /// <summary>What was confirmed is looked at once more.</summary>
    /// <param name="tell">Called behind each restore that is forgotten.</param>
    public void Run(Action<KeptData> tell)
    {
        using var hold = ClusterHold.Take(_dataDirectory, RestoreJournal.Find(_dataDirectory));
        foreach (var one in Chosen)
        {
            RequireForgettable(one, _dataDirectory);
            Remove(one.Journal.Become(RestoreState.Forgetting));
            tell(one);
        }

        RemoveNotes();
    }

    private static IReadOnlyList<KeptData> Choose(IReadOnlyList<KeptData> kept, string dataDirectory, string? id, bool all)
    {
        if (id is not null)
        {
            return kept.FirstOrDefault(one => one.Journal.Id == id) is { } named ? [named] : throw new PgkeepException(
                ErrorKind.Usage, $"there is no restore {id} of \"{dataDirectory}\"", [.. kept.Select(one => $"there is {one.Journal.Id}, {SizeText.Short(one.Bytes)}")]);
        }

        return all || kept.Count <= 1 ? kept : throw new PgkeepException(
            ErrorKind.Usage,
            $"{kept.Count} restores of \"{dataDirectory}\" have left data aside",
            ["name one of them, or all with --all", .. kept.Select(one => $"{one.Journal.Id}, {SizeText.Short(one.Bytes)}")]);
    }

    private static void RequireForgettable(KeptData kept, string dataDirectory)
    {
        var journal = kept.Journal;
        if (journal.State == RestoreState.Undoing || journal.IsBrokenOff)
        {
            throw new PgkeepException(
                ErrorKind.Usage,
                $"the restore {journal.Id} was broken off, and what it has moved aside is the cluster",
                $"nothing was removed; put it back: pgkeep restore rollback --pgdata {dataDirectory}");
        }

        RequireUnmounted(kept);
        if (journal.State == RestoreState.Forgetting)
        {
            return;
        }

        // What is in the data directory is all that will be left.
        if (ControlFileReader.TryRead(dataDirectory) is not { } control)
        {
            throw new PgkeepException(
                ErrorKind.Usage,
                $"there is no cluster in \"{dataDirectory}\", or its control file cannot be read: what is aside may be all that there is",
                "nothing was removed; restore first, or put the old cluster back: pgkeep restore rollback");
        }

        if (journal.State == RestoreState.Aside && !HasRecovered(journal, control))
        {
            throw new PgkeepException(
                ErrorKind.Usage,
                $"the cluster in \"{dataDirectory}\", which the restore {journal.Id} has made, is not known to have recovered",
                "nothing was removed; start the server, and repeat the command when it has come up",
                $"or put the old cluster back: pgkeep restore rollback --pgdata {dataDirectory}");
        }

        var others = journal.Places.Take(1).SelectMany(place => KeptData.NamesOf(journal, place)).Select(ControlFileReader.TryRead).OfType<ControlFile>();
        if (others.Any(other => other.SystemIdentifier != control.SystemIdentifier))
        {
            throw new PgkeepException(
                ErrorKind.RepositoryMismatch,
                $"what the restore {journal.Id} has left aside is another cluster than the one in \"{dataDirectory}\"",
                "nothing was removed; remove it yourself if you are certain");
        }
    }

    /// <summary>A restore may have left the recovery to whoever starts the server; and one that was killed right behind it could not say that it was over.</summary>
    private static bool HasRecovered(RestoreJournal journal, ControlFile control) =>
        FileStatus.Of(Path.Combine(journal.DataDirectory, RecoverySettings.SignalName)) is null
        && (journal.IsOver || control.State is ClusterState.InProduction or ClusterState.ShutDown);

    /// <summary>A removal must not go over into another file system.</summary>
    private static void RequireUnmounted(KeptData kept)
    {
        var mounts = FileSystem.MountPoints();
        if (kept.Directories.SelectMany(directory => mounts.Where(mount => mount == directory.Path || mount.StartsWith(directory.Path + "/", StringComparison.Ordinal))).FirstOrDefault() is { } mounted)
        {
            throw new PgkeepException(ErrorKind.Configuration, $"\"{mounted}\" is a mount point in what would be removed", $"nothing was removed; unmount it first: umount {ShellQuote.Word(mounted)}");
        }
    }

    private void Remove(RestoreJournal journal)
    {
        if (journal.IsOfUndone)
        {
            KeepTimeline(journal.Places[0]);
        }

        foreach (var place in journal.Places)
        {
            var kept = journal.IsOfUndone ? place.Undone : place.Aside;
            var forgotten = place.Forgotten(kept);
            RemoveTree(forgotten);
            if (FileStatus.Of(kept) is not null)
            {
                FileSystem.Rename(kept, forgotten);
                FileSystem.SyncDirectory(Path.GetDirectoryName(forgotten)!);
                RemoveTree(forgotten);
            }
        }

        journal.Remove();
    }

    /// <summary>
    /// The undone cluster's timeline is in the archive, and a later restore must know that nobody wants it. Its control file says so, and stays as long as
    /// that may be the highest timeline.
    /// </summary>
    private void KeepTimeline(RestoredPlace place)
    {
        var control = Path.Combine(place.Undone, ControlFileReader.RelativePath);
        if (ControlFileReader.TryRead(place.Undone) is { } undone && !(undone.CheckPointTimeline <= ControlFileReader.TryRead(_dataDirectory)?.CheckPointTimeline))
        {
            var note = place.Undone + JournalFiles.ControlEnding;
            FileSystem.Rename(control, note);
            FileSystem.SyncDirectory(Path.GetDirectoryName(note)!);
        }
    }

    /// <summary>Those that the present cluster's timeline has overtaken.</summary>
    private void RemoveNotes()
    {
        var now = ControlFileReader.TryRead(_dataDirectory)?.CheckPointTimeline;
        foreach (var (path, control) in JournalFiles.UndoneOf(_dataDirectory))
        {
            if (path.EndsWith(JournalFiles.ControlEnding, StringComparison.Ordinal) && control.CheckPointTimeline <= now)
            {
                FileSystem.Delete(path);
            }
        }
    }

    private static void RemoveTree(string path)
    {
        try
        {
            PlaceEntries.Remove(path);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "remove", path);
        }

        FileSystem.SyncDirectory(Path.GetDirectoryName(path)!);
    }
}
