using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Restore;

/// <summary>Finds out, before anything is touched, how a restore can use the old cluster's files.</summary>
internal static class ReuseChoice
{
    /// <param name="old">The old data directory; null where there is none, and so nothing to use.</param>
    /// <exception cref="PgkeepException">What was asked for cannot be done here.</exception>
    public static FileReuse Make(RestoreSettings settings, string? old, string dataDirectory, IEnumerable<string> tablespaces)
    {
        if (settings.IsInPlace && !settings.IsDelta)
        {
            throw new PgkeepException(ErrorKind.Usage, "--in-place changes the old files into the backup's, which is asked for with --delta", "nothing was changed; say --delta --in-place, or leave both out");
        }

        if (!settings.IsDelta || (old is null && !settings.IsInPlace))
        {
            return FileReuse.None;
        }

        if (settings.IsInPlace)
        {
            _ = settings.OldWal is null ? true : throw new PgkeepException(
                ErrorKind.Usage, "--in-place and --old-wal cannot go together", "nothing was changed; without --in-place the restore keeps the old cluster, and uses that WAL");
            return FileReuse.InPlace;
        }

        // New files come to lie beside the old directory, on its file system.
        var places = tablespaces.Where(Directory.Exists).Prepend(Path.GetDirectoryName(dataDirectory)!);
        return places.FirstOrDefault(place => !FileClone.IsPossible(place, place)) is not { } unable
            ? FileReuse.Clone
            : throw new PgkeepException(
                ErrorKind.Configuration,
                $"the file system of \"{unable}\" cannot clone files, so --delta cannot keep the old cluster and use its files too",
                "nothing was changed; leave --delta out: all of the backup is copied, and the old cluster is kept",
                "or change the old files themselves, from which there is no way back: --delta --in-place");
    }
}
