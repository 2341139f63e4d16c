using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Restore.Places;

/// <summary>A directory that a restore will empty, before its new names are chosen.</summary>
/// <param name="Path">With links followed.</param>
/// <param name="IsEmptied">It stays, and its entries move into a directory inside it.</param>
internal sealed record PlannedPlace(string Path, bool HadContent, bool IsEmptied = false, bool IsMountPoint = false, IReadOnlyList<string>? Stays = null)
{
    /// <summary>What a person sees of the new name before there is one.</summary>
    public string AsidePattern => AsideOf("…");

    /// <param name="id">Of the restore.</param>
    public RestoredPlace With(string id) => new(Path, AsideOf(id), HadContent) { IsMountPoint = IsMountPoint, Stays = Stays };

    /// <summary>Whether nothing of another restore has this name, in any state.</summary>
    public bool IsFree(string id)
    {
        var place = With(id);
        return !new[] { place.Aside, place.Moving, place.Undone, place.Forgotten(place.Aside), place.Forgotten(place.Undone) }
            .Concat(new[] { place.Aside, place.Undone }.SelectMany(kept => Enum.GetValues<RestoreState>().Select(state => JournalFiles.PathOf(kept, state))))
            .Append(place.Undone + JournalFiles.ControlEnding)
            .Any(path => FileStatus.Of(path) is not null);
    }

    private string AsideOf(string id) => IsEmptied ? System.IO.Path.Combine(Path, AsideNames.Old + id) : Path + RestoreJournal.AsideMark + id;
}
