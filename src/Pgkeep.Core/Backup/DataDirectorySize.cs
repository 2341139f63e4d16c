using Pgkeep.Posix;

namespace Pgkeep.Backup;

/// <summary>
/// How much there is to copy: a walk as the copy's own, ahead of it. Looking at a file costs about 3 µs of processor time, which shows only where
/// there are very many: with 300,000 empty ones a whole listing took 0.9 s on top of a backup's 3.6 s.
/// </summary>
internal static class DataDirectorySize
{
    /// <summary>About 0.15 s of processor time.</summary>
    private const int MostFiles = 50_000;

    /// <returns>Null where there are too many files to look at all of them twice.</returns>
    public static long? Of(BackupPlan plan, CancellationToken cancellationToken)
    {
        var walk = new DataDirectoryWalk(plan.Files, _ => { });
        var items = plan.Tablespaces
            .SelectMany(tablespace => walk.Of(DataDirectoryCopy.NameOf(plan, tablespace)))
            .Concat(walk.Of(""));
        var size = 0L;
        var files = 0;
        foreach (var item in items)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (++files > MostFiles)
            {
                return null;
            }

            size += item.Status.Type == FileType.Regular ? item.Status.Size : 0;
        }

        return size;
    }
}
