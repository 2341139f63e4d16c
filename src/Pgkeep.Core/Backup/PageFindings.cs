using Pgkeep.Backup.Frames;
using Pgkeep.Postgres;

namespace Pgkeep.Backup;

/// <summary>What becomes of the pages whose checksums did not fit: excused, or told.</summary>
internal static class PageFindings
{
    /// <summary>Only a page that was written during the backup can be torn, and then its LSN lies in it; its replay writes the page anew.</summary>
    public static IReadOnlyList<string> ExcusedOf(IEnumerable<SuspectPage> suspects, Lsn start, Lsn stop) =>
        [.. suspects.Where(page => IsInside(page, start, stop)).Select(page => $"{page.File} block {page.Block}")];

    /// <param name="leftOut">Pages that were found and are not among the suspects.</param>
    public static IReadOnlyList<string> DamagedOf(IEnumerable<SuspectPage> suspects, long leftOut, Lsn start, Lsn stop)
    {
        var damaged = suspects.Where(page => !IsInside(page, start, stop)).Select(page => $"{page.File} block {page.Block} is damaged: its checksum does not fit");
        return leftOut == 0 ? [.. damaged] : [.. damaged, $"and {leftOut} more pages whose checksums do not fit"];
    }

    private static bool IsInside(SuspectPage page, Lsn start, Lsn stop) => page.Lsn >= start && page.Lsn <= stop;
}
