using System.Text.Json.Serialization;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Restore.Places;

/// <summary>
/// A directory that a restore empties and writes anew. As a rule it is renamed, which is one step. A mount point cannot be renamed, nor can a directory beside which this
/// process may not write: there the entries move, one by one, into a directory inside it. That directory has another name while they move, in either direction, so that a look at
/// the names tells how far it went, and a move that was broken off goes on.
/// </summary>
/// <param name="Path">What the restore writes anew; no link.</param>
/// <param name="Aside">Where its old content waits.</param>
/// <param name="HadContent">False where there was nothing, or an empty directory, which stays as it is.</param>
internal sealed record RestoredPlace(string Path, string Aside, bool HadContent)
{
    /// <summary>Behind the name of a directory while entries move into it or out of it.</summary>
    private const string MovingSuffix = ".partial";

    /// <summary>Where it is not mounted, what lies there now is not what the journal means.</summary>
    public bool IsMountPoint { get; init; }

    /// <summary>Entries that are places of their own, and mounted: they stay. Null for none.</summary>
    public IReadOnlyList<string>? Stays { get; init; }

    /// <summary>Its entries move, and it stays.</summary>
    [JsonIgnore]
    public bool IsEmptied => System.IO.Path.GetDirectoryName(Aside) == Path;

    /// <summary>Where what the restore wrote is kept after a rollback.</summary>
    [JsonIgnore]
    public string Undone => IsEmptied
        ? System.IO.Path.Combine(Path, AsideNames.Undone + System.IO.Path.GetFileName(Aside)[AsideNames.Old.Length..])
        : Path + RestoreJournal.UndoneMark + Aside[(Path.Length + RestoreJournal.AsideMark.Length)..];

    /// <summary>Aside as a whole.</summary>
    [JsonIgnore]
    public bool IsAside => FileStatus.Of(Aside) is not null;

    /// <summary>Some of its old entries are in their places, and others in <see cref="Moving"/>.</summary>
    [JsonIgnore]
    public bool IsMoving => IsEmptied && FileStatus.Of(Moving) is not null;

    [JsonIgnore]
    public string Moving => Aside + MovingSuffix;

    /// <summary>What is there is the restore's, not the old cluster's.</summary>
    [JsonIgnore]
    public bool IsWritten => (IsAside || (!HadContent && !IsMoving)) && Entries().Any();

    /// <summary>What the restore wrote is on its way to <see cref="Undone"/>.</summary>
    [JsonIgnore]
    public bool IsBeingKept => IsEmptied && FileStatus.Of(Undone + MovingSuffix) is not null;

    /// <summary>Whether there is anything in a directory that a restore would have to move.</summary>
    public static bool HasEntries(string path, IReadOnlyList<string>? stays = null) => EntriesOf(path, stays).Any();

    /// <summary>Under which name <see cref="Aside"/> or <see cref="Undone"/> is removed: one that nobody takes for a cluster.</summary>
    public string Forgotten(string kept) => IsEmptied
        ? System.IO.Path.Combine(Path, AsideNames.Forgotten + System.IO.Path.GetFileName(kept)[AsideNames.Common.Length..])
        : System.IO.Path.Combine(System.IO.Path.GetDirectoryName(kept)!, $".{System.IO.Path.GetFileName(kept)}.forgotten");

    /// <summary>Where a part of the old cluster lies now.</summary>
    /// <param name="path">In this place when the restore began; no link leads to it.</param>
    public string NowAt(string path)
    {
        var inside = System.IO.Path.GetRelativePath(Path, path);
        var moved = System.IO.Path.Combine(Moving, inside);
        return IsAside ? System.IO.Path.Combine(Aside, inside)
            : IsEmptied && FileStatus.Of(moved) is not null ? moved
            : path;
    }

    /// <param name="owner">Of what is created for it; null for this process's account.</param>
    public void MoveAside(Account? owner)
    {
        if (IsEmptied)
        {
            PlaceEntries.Collect(Path, Entries(), Moving, owner);
            MoveNew(Moving, Aside);
        }
        else
        {
            MoveNew(Path, Aside);
        }
    }

    /// <summary>After <see cref="MoveAside"/>, also where that was broken off; what the restore wrote must be gone.</summary>
    public void BringBack()
    {
        if (!IsEmptied)
        {
            // What is there is an empty directory, which a rename replaces.
            FileSystem.Rename(Aside, Path);
            FileSystem.SyncDirectory(System.IO.Path.GetDirectoryName(Path)!);
            return;
        }

        if (IsAside)
        {
            // From here on everything in the place is the old cluster's again.
            MoveNew(Aside, Moving);
        }

        PlaceEntries.Scatter(Moving, Path);
    }

    /// <summary>Takes what the restore wrote to <see cref="Undone"/>; goes on where it was broken off.</summary>
    /// <param name="owner">As for <see cref="MoveAside"/>.</param>
    public void KeepWritten(Account? owner)
    {
        if (IsEmptied)
        {
            PlaceEntries.Collect(Path, Entries(), Undone + MovingSuffix, owner);
            MoveNew(Undone + MovingSuffix, Undone);
        }
        else
        {
            MoveNew(Path, Undone);
        }
    }

    /// <summary>Removes what the restore wrote. The directory stays: it may have been there before. Without its control file no server starts on the rest.</summary>
    public void DiscardWritten()
    {
        try
        {
            FileSystem.Delete(System.IO.Path.Combine(Path, ControlFileReader.RelativePath));
            foreach (var entry in Entries())
            {
                PlaceEntries.Remove(entry);
            }
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "remove", Path);
        }
    }

    public long WrittenBytes() => Entries().Sum(PlaceEntries.SizeOf);

    private static IEnumerable<string> EntriesOf(string path, IReadOnlyList<string>? stays)
    {
        try
        {
            return Directory.Exists(path)
                ? [.. Directory.EnumerateFileSystemEntries(path).Where(entry => System.IO.Path.GetFileName(entry) is var name && !AsideNames.IsAside(name) && stays?.Contains(name) != true)]
                : [];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", path);
        }
    }

    private static void MoveNew(string from, string to)
    {
        if (!FileSystem.TryMoveNew(from, to))
        {
            throw new PgkeepException(ErrorKind.StorageFailed, $"cannot move \"{from}\" to \"{to}\": the name is taken");
        }

        FileSystem.SyncDirectory(System.IO.Path.GetDirectoryName(from)!);
    }

    private IEnumerable<string> Entries() => EntriesOf(Path, Stays);
}
