namespace Pgkeep.Postgres.Wal.Index;

/// <summary>
/// Whether a segment goes on where the one before it ends. Two servers that write one timeline, a copy among them that was started without recovery.signal, write
/// segments of the same names that do not continue each other.
/// </summary>
/// <remarks>
/// Only what cannot come from one server counts, since a segment that is refused stays with its server and fills its disk. One server's segments are whole and durable before they are
/// offered (src/backend/access/transam/xlog.c, XLogWrite), so a crash can take a record's rest away but not its beginning: the next segment then says that it overwrites
/// (XLP_FIRST_IS_OVERWRITE_CONTRECORD) on the page where the rest ends that had been written, its first or a later one. pg_resetwal begins with a record that names none.
/// </remarks>
internal static class WalContinuity
{
    /// <summary>Of a segment's beginning more is not read, however long the record is that it begins with.</summary>
    private const int LongestBeginning = 1024 * 1024;

    public delegate void ContentReader(Span<byte> target, long offset);

    /// <param name="before">Of the whole segment before.</param>
    /// <param name="next">Of the segment; its beginning is enough.</param>
    /// <returns>A lower-case fact about the segment; null where it goes on, or where nothing shows that it does not.</returns>
    public static string? FindBreak(WalSegmentEnds before, WalSegmentEnds next)
    {
        if (before.IsInsideHead || next.IsHeadOverwritten || next.First is { Previous.Value: 0 })
        {
            return null;
        }

        if (before.Open is not { } open)
        {
            return next.Head is { } unexpected
                ? $"begins with the last {unexpected.Total} bytes of a record, and none goes on from there"
                : Compare(next, before.Last);
        }

        if (next.Head is not { } head || head.Total != open.Remaining)
        {
            return next.Head is null && next.First is null
                ? null
                : $"begins with {(next.Head is null ? "a record" : $"the last {next.Head.Total} bytes of a record")}, and {open.Remaining} bytes are left of the one at {open.Start}";
        }

        if (head.Remaining > 0)
        {
            return null;
        }

        var whole = open.Clone();
        head.AppendTo(whole);
        return whole.IsSound ? Compare(next, open.Start) : $"ends the record that begins at {open.Start}, and its checksum does not fit";
    }

    /// <summary>Reads a segment's beginning up to its first record.</summary>
    /// <param name="length">Of the segment.</param>
    /// <returns>Null where nothing can be told from it.</returns>
    public static WalSegmentEnds? ReadBeginning(WalSegmentName name, WalSegmentSize size, int blockSize, long length, ContentReader read)
    {
        var reader = new WalRecordReader(name.StartLsn(size), size, blockSize, LongestBeginning);
        var page = new byte[blockSize];
        for (var offset = 0L; offset < Math.Min(length, LongestBeginning) && reader.First is null && reader.Stop is null; offset += blockSize)
        {
            read(page, offset);
            reader.Read(page, FirstRecord.Instance);
        }

        return reader.Stop is null ? WalSegmentEnds.Of(reader) : null;
    }

    private static string? Compare(WalSegmentEnds next, Lsn? last) => next.First is { } first && last is { } expected && first.Previous != expected
        ? $"has a first record at {first.Start} that says that the one before it begins at {first.Previous}, and it begins at {expected}"
        : null;

    private sealed class FirstRecord : IWalRecordVisitor
    {
        public static FirstRecord Instance { get; } = new();

        public bool Visit(in WalRecord record) => false;
    }
}
