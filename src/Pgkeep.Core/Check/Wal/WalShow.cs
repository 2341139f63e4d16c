using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;

namespace Pgkeep.Check.Wal;

/// <summary>Counts what the records of a part of the archive, or of one file, do.</summary>
internal static class WalShow
{
    /// <param name="timeline">Whose history positions and moments lie on; the newest that is stored where it is null. A segment names its own.</param>
    public static async Task<ShownWal> OfArchiveAsync(RepositoryLayout layout, ShownRange range, TimelineId? timeline, CancellationToken cancellationToken)
    {
        var stores = ArchiveStores.Of(layout);
        var identity = await RepositoryMarker.RequireAsync(stores.Marked[0], cancellationToken);
        var inventory = await stores.Archive.ListAsync(cancellationToken);
        var histories = await WalHistories.ReadAsync(stores.Archive, inventory, cancellationToken);
        var coverage = new WalCoverage(inventory, histories.ByTimeline, identity.WalSegmentSize);
        var followed = range.Segment?.Timeline ?? timeline ?? coverage.Timelines.LastOrDefault(TimelineId.First);
        var records = new ArchivedRecords(stores.Archive, inventory, coverage, coverage.HistoryOf(followed), identity);
        var (first, last) = range.Segment is { } segment
            ? OneOf(segment, inventory, stores.Archive, identity)
            : await NumbersAsync(range, records, identity.WalSegmentSize, layout, cancellationToken);
        var visitor = new RangeVisitor(range, range.To ?? new Lsn(unchecked((last + 1) * identity.WalSegmentSize.Bytes)));
        var newest = WalSegmentName.FromNumber(followed, coverage.RunsOf(followed) is [.., var run] ? run.Last : last, identity.WalSegmentSize);
        var end = await records.ReadAsync(first, last, WalRecordBody.MaxHeaderLength, visitor, cancellationToken);
        return new ShownWal(layout.WalDirectory, followed, visitor.Statistics, Judge(visitor, end, range, newest, identity.WalSegmentSize));
    }

    /// <param name="path">Of a segment, plain or as it is stored in an archive, whatever its name.</param>
    public static async Task<ShownWal> OfFileAsync(string path, CancellationToken cancellationToken)
    {
        var header = await ReadFirstAsync(path, cancellationToken);
        if (header.SegmentSize is not { } size)
        {
            throw NoSegment(path, "its first page is no segment's first");
        }

        var name = WalSegmentName.FromLsn(header.Timeline, header.PageAddress, size);
        var visitor = new RangeVisitor(new ShownRange { Segment = name }, name.StartLsn(size) + size.Bytes);
        var scan = new WalScan(size, null, WalRecordBody.MaxHeaderLength);
        await using var file = await OpenAsync(path, cancellationToken);
        await using var content = StoredWalStream.Open(file, path, path);
        scan.Read(name, content, visitor, cancellationToken);
        // What lies behind the end of a partial segment is what its file was before.
        var isPartial = WalInventory.TryParse(Path.GetFileName(path), out var known) && known.Kind == WalFileKind.Partial;
        var problem = visitor.Problem ?? (scan.Stop is { Kind: not WalStopKind.Zeros } stop && !isPartial ? stop.Problem : null);
        return new ShownWal(path, header.Timeline, visitor.Statistics, problem is null ? null : $"\"{path}\" {problem}");
    }

    private static async Task<WalPageHeader> ReadFirstAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = await OpenAsync(path, cancellationToken);
        await using var content = StoredWalStream.Open(file, path, path);
        return ReadFirst(content, path);
    }

    private static WalPageHeader ReadFirst(Stream content, string path)
    {
        Span<byte> start = stackalloc byte[WalPageHeader.LongLength];
        var read = content.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return WalPageHeader.TryParse(start[..read], out var header, out var problem) ? header : throw NoSegment(path, problem);
    }

    private static async Task<Stream> OpenAsync(string path, CancellationToken cancellationToken)
    {
        var full = Path.GetFullPath(path);
        return await new LocalStorage(Path.GetDirectoryName(full) ?? "/").OpenReadAsync(Path.GetFileName(full), cancellationToken)
            ?? throw new PgkeepException(ErrorKind.WalMissing, $"there is no file \"{path}\"");
    }

    private static (ulong First, ulong Last) OneOf(WalSegmentName segment, WalInventory inventory, WalArchive archive, RepositoryIdentity identity)
    {
        if (!inventory.Contains(segment) || !segment.IsValidFor(identity.WalSegmentSize))
        {
            throw new PgkeepException(ErrorKind.WalMissing, $"\"{archive.Describe(segment.ToString())}\" is not in the archive", "pgkeep wal tells what it holds");
        }

        var number = segment.Number(identity.WalSegmentSize);
        return (number, number);
    }

    private static async Task<(ulong First, ulong Last)> NumbersAsync(
        ShownRange range, ArchivedRecords records, WalSegmentSize size, RepositoryLayout layout, CancellationToken cancellationToken)
    {
        if (!records.Numbers().Any())
        {
            throw new PgkeepException(ErrorKind.WalMissing, $"\"{layout.WalDirectory}\" holds no WAL of this timeline", "pgkeep wal tells what the archive holds");
        }

        var (oldest, newest) = (records.Numbers().First(), records.Numbers().Last());
        if (range.IsOfTimes)
        {
            // One earlier: the last commit before the moment is where the range begins, and may lie there.
            var found = range.FromTime is { } moment ? await records.FindAsync(moment, cancellationToken) ?? newest : oldest;
            return (found > oldest ? found - 1 : found, newest);
        }

        var first = range.From is { } from ? Math.Max(from.Value / size.Bytes, oldest) : oldest;
        return (first, range.To is { Value: > 0 } to ? Math.Min((to.Value - 1) / size.Bytes, newest) : newest);
    }

    /// <summary>Where the WAL ends with what is stored, it is not cut short.</summary>
    private static string? Judge(RangeVisitor visitor, RecordsEnd? end, ShownRange range, WalSegmentName newest, WalSegmentSize size)
    {
        if (visitor.Problem is { } problem)
        {
            return $"the archive {problem}";
        }

        if (visitor.IsOver)
        {
            return null;
        }

        if (end is not null && !(end.IsUnwritten && (end.Segment == newest || range.Segment is not null)))
        {
            return end.Problem;
        }

        return range.To > newest.Next(size).StartLsn(size) ? $"the archive ends with {newest}, before {range.To}" : null;
    }

    private static PgkeepException NoSegment(string path, string problem) => new(ErrorKind.WalInvalid, $"\"{path}\" is no WAL segment: {problem}");
}
