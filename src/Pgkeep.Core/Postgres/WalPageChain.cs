namespace Pgkeep.Postgres;

/// <summary>
/// Whether one WAL page goes on where the one before it ends, as far as their headers tell: a record that does not end on a page goes on at the
/// beginning of the next, with exactly the bytes that are left of it.
/// </summary>
// PostgreSQL src/backend/access/transam/xlog.c, CopyXLogRecordToWAL, which sets xlp_rem_len; xlogreader.c, XLogDecodeNextRecord, which checks it
internal static class WalPageChain
{
    /// <param name="last">A page's header.</param>
    /// <param name="next">The header of the page behind it.</param>
    /// <param name="blockSize">XLOG_BLCKSZ.</param>
    /// <returns>A lower-case fact; empty where nothing contradicts.</returns>
    public static string Compare(WalPageHeader last, WalPageHeader next, int blockSize)
    {
        var isContinuation = next.Flags.HasFlag(WalPageFlags.FirstIsContinuation);
        // After a crash in the middle of a record that is in the archive in part, the server says that the rest will never come.
        if (next.Flags.HasFlag(WalPageFlags.FirstIsOverwriteContinuation))
        {
            return "";
        }

        if (Left(last, blockSize) is var left and > 0)
        {
            return isContinuation && next.RemainingLength == left
                ? ""
                : $"goes on at {next.PageAddress} with {next.RemainingLength} bytes of a record of which {left} are left";
        }

        // A record may begin on the last page and go on here; of what length it is the headers do not tell.
        return isContinuation == (next.RemainingLength > 0) ? "" : $"has a header at {next.PageAddress} that contradicts itself";
    }

    /// <summary>After a switch, which ends a segment early, the next one begins with a record.</summary>
    public static string CompareAfterSwitch(WalPageHeader last, WalPageHeader next, int blockSize) =>
        Left(last, blockSize) > 0 || next.Flags.HasFlag(WalPageFlags.FirstIsContinuation)
            ? $"begins at {next.PageAddress} with the rest of a record, and the segment before it ends at {last.PageAddress + (ulong)blockSize} with a switch"
            : "";

    /// <summary>Bytes of a record that do not fit on the page on which it goes on.</summary>
    private static long Left(WalPageHeader header, int blockSize) =>
        header.RemainingLength - (long)(blockSize - (header.IsLong ? WalPageHeader.LongLength : WalPageHeader.ShortLength));
}
