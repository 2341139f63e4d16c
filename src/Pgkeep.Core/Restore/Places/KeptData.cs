using Pgkeep.Posix;

namespace Pgkeep.Restore.Places;

/// <param name="Path">In which the data of one place lies.</param>
/// <param name="Bytes">As its files count, holes in them too.</param>
internal sealed record KeptDirectory(string Path, long Bytes);

/// <summary>What one restore of a data directory has left aside: an old cluster, or what was restored and then undone.</summary>
internal sealed record KeptData(RestoreJournal Journal, IReadOnlyList<KeptDirectory> Directories)
{
    public long Bytes => Directories.Sum(directory => directory.Bytes);

    /// <summary>Oldest first. Reads all names below, which takes seconds where there are millions.</summary>
    public static IReadOnlyList<KeptData> Of(string dataDirectory) => [.. JournalFiles.Of(dataDirectory).OrderBy(journal => journal.Started).Select(Of)];

    public static KeptData Of(RestoreJournal journal) => new(
        journal,
        [
            .. journal.Places.SelectMany(place => NamesOf(journal, place))
                .Where(path => FileStatus.Of(path) is not null)
                .Select(path => new KeptDirectory(path, PlaceEntries.SizeOf(path))),
        ]);

    /// <summary>Under which the content of a place may lie: kept, or being removed.</summary>
    public static IEnumerable<string> NamesOf(RestoreJournal journal, RestoredPlace place)
    {
        var kept = journal.IsOfUndone ? place.Undone : place.Aside;
        return [kept, place.Forgotten(kept)];
    }
}
