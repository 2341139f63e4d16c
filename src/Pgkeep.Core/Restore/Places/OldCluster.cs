using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Restore.Places;

/// <summary>
/// Moves the old cluster aside and puts it back. Renames only: no byte of it is ever written or removed. The data directory is the first to go and
/// the last to come back, and of a data directory whose entries move by themselves the control file, so that at no moment a server could be started on one
/// cluster's data directory and another's tablespaces.
/// </summary>
internal static class OldCluster
{
    /// <summary>Where one of the places cannot be moved, what was moved before it is put back.</summary>
    public static void MoveAside(RestoreJournal journal)
    {
        journal.Write();
        var begun = new Stack<RestoredPlace>();
        try
        {
            foreach (var place in journal.Places.Where(place => place.HadContent))
            {
                begun.Push(place);
                place.MoveAside(journal.Owner);
            }
        }
        catch (PgkeepException failure)
        {
            var failed = begun.Pop();
            BringBackAfter(failure, journal, failed.IsMoving ? begun.Prepend(failed) : begun);
            journal.Remove();
            throw;
        }
    }

    /// <summary>Undoes a restore that was broken off anywhere, or is over. Broken off itself, it goes on when it is called again.</summary>
    /// <param name="discard">Removes what the restore wrote, because it never became a cluster of its own; otherwise that is kept under another name.</param>
    /// <returns>Where what the restore wrote is kept.</returns>
    public static IReadOnlyList<string> PutBack(RestoreJournal journal, bool discard)
    {
        RequireAll(journal);
        if (!discard)
        {
            // Told by a name from here on: when the control file is gone, this must not be taken for a copy that nobody needs.
            journal = journal.Become(RestoreState.Undoing);
        }

        if (!journal.IsOldInPlace)
        {
            foreach (var place in journal.Places)
            {
                TakeAway(place, journal, discard);
            }

            BringBack(journal.Places.Reverse().Where(place => place.IsAside || place.IsMoving));
        }

        IReadOnlyList<string> kept = discard ? [] : [.. journal.Places.Select(place => place.Undone).Where(path => FileStatus.Of(path) is not null)];
        if (kept.Count > 0)
        {
            journal.Become(RestoreState.Undone);
        }
        else
        {
            journal.Remove();
        }

        return kept;
    }

    private static void TakeAway(RestoredPlace place, RestoreJournal journal, bool discard)
    {
        if (!discard && (place.IsWritten || place.IsBeingKept))
        {
            place.KeepWritten(journal.Owner);
        }
        else if (place.IsWritten)
        {
            place.DiscardWritten();
        }
    }

    private static void BringBackAfter(PgkeepException failure, RestoreJournal journal, IEnumerable<RestoredPlace> places)
    {
        try
        {
            BringBack(places);
        }
        catch (PgkeepException second)
        {
            throw new PgkeepException(
                failure.Kind,
                $"{failure.Message}; and what was moved is not back in its place: {second.Message}",
                failure,
                $"nothing is lost; when the cause is gone: pgkeep restore rollback --pgdata {journal.DataDirectory}");
        }
    }

    /// <param name="places">The data directory last.</param>
    private static void BringBack(IEnumerable<RestoredPlace> places)
    {
        foreach (var place in places)
        {
            place.BringBack();
        }
    }

    /// <summary>A disk that is not mounted must not pass for a place that is back already.</summary>
    private static void RequireAll(RestoreJournal journal)
    {
        foreach (var place in journal.Places)
        {
            if (place.IsMountPoint && !FileSystem.IsMountPoint(place.Path))
            {
                throw new PgkeepException(
                    ErrorKind.Configuration,
                    $"\"{place.Path}\" was a mount point when the restore of \"{journal.DataDirectory}\" began, and is none now",
                    "nothing was changed; mount it, and repeat the command");
            }

            if (place.HadContent && !place.IsAside && !place.IsMoving && FileStatus.Of(place.Path) is null)
            {
                throw new PgkeepException(
                    ErrorKind.Configuration,
                    $"neither \"{place.Aside}\" nor \"{place.Path}\" is there, and one of them is part of the old cluster",
                    "nothing was changed; mount the disk that it lies on, and repeat the command");
            }
        }
    }
}
