using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Search.Names;
using Pgkeep.Storage.Local;

namespace Pgkeep.Search;

/// <summary>
/// Searches the archive along a history for transactions, and for what they did to tables by their names. It begins where the newest backup began that had ended by the time that is
/// asked for: names are known from there on, and what committed before the end of the oldest backup cannot be restored to.
/// </summary>
internal sealed class WalFind
{
    private const uint UsualPageLength = 8192;

    private readonly RepositoryLayout _layout;

    public WalFind(RepositoryLayout layout) => _layout = layout;

    /// <param name="timeline">Whose history is followed; null is the newest that a restore would take.</param>
    /// <param name="passedOver">The timelines that a restore of the backup takes for undone.</param>
    public async Task<FindResult> RunAsync(FindQuery query, TimelineId? timeline, Func<BackupMetadata, IReadOnlySet<TimelineId>> passedOver, CancellationToken cancellationToken)
    {
        var stores = ArchiveStores.Of(_layout);
        var identity = await RepositoryMarker.RequireAsync(stores.Marked[0], cancellationToken);
        var inventory = await stores.Archive.ListAsync(cancellationToken);
        var histories = await WalHistories.ReadAsync(stores.Archive, inventory, cancellationToken);
        var coverage = new WalCoverage(inventory, histories.ByTimeline, identity.WalSegmentSize);
        var usable = (await new BackupCatalogue(new LocalStorage(_layout.BackupDirectory), _layout).ListAsync(cancellationToken))
            .Where(backup => backup.IsUsable && backup.Metadata.Cluster.SystemIdentifier == identity.SystemIdentifier)
            .ToList();
        var history = coverage.HistoryOf(timeline ?? NewestOf(coverage, usable is [.., { Metadata: { } newest }] ? passedOver(newest) : new HashSet<TimelineId>()));
        var records = new ArchivedRecords(stores.Archive, inventory, coverage, history, identity);
        var numbers = records.Numbers().ToList();
        if (numbers.Count == 0)
        {
            throw new PgkeepException(ErrorKind.WalMissing, $"\"{_layout.WalDirectory}\" holds no WAL of this timeline", "pgkeep wal tells what the archive holds");
        }

        var backup = Choose(usable, history, query.Since ?? query.Near);
        var run = new WalRun(await FirstAsync(query, backup, records, numbers, cancellationToken), numbers[^1]);
        var indexes = query.Near is null ? new StoredIndexes(WalIndexStore.Of(_layout, stores.Archive), number => inventory.Find(coverage.Needed(history, number).ToString())) : null;
        var place = new FindPlace(records, run, coverage.Needed(history, run.First), coverage.Needed(history, run.Last), history.Timeline, backup, OthersOf(coverage, history, identity.WalSegmentSize));
        // Which transactions were running when reading began is told by the first segment.
        var required = new HashSet<ulong> { run.First };
        while (true)
        {
            var (result, choice) = await SearchAsync(query, place, indexes, required, cancellationToken);
            if (choice is { IsVoid: true })
            {
                indexes = null;
                continue;
            }

            if (choice is null || await choice.FindMissedAsync(cancellationToken) is not { Count: > 0 } missed)
            {
                return result;
            }

            required.UnionWith(missed);
        }
    }

    private async Task<(FindResult Result, SegmentChoice? Choice)> SearchAsync(
        FindQuery query, FindPlace place, ISegmentIndexes? indexes, IReadOnlySet<ulong> required, CancellationToken cancellationToken)
    {
        var backup = place.Backup;
        var (names, problems) = ReadNames(backup, cancellationToken);
        var isKnown = query.Table is not { } table || RequireOne(table, names);
        names.Seen = row => isKnown = isKnown || query.Table!.Matches(row, names);
        using var search = new TransactionSearch(query, names, backup?.Metadata?.Cluster.BlockSize ?? UsualPageLength);
        var choice = indexes is null ? null : new SegmentChoice(query, search, names, indexes, required);
        var (read, problem) = await ReadAsync(place, choice, search, cancellationToken);
        search.Complete();
        problems = [.. problems, .. Concerns(query, search)];
        var result = new FindResult
        {
            Archive = _layout.WalDirectory,
            Timeline = place.Timeline,
            OtherTimelines = place.OtherTimelines,
            First = place.First,
            Last = place.Last,
            Segments = (long)(place.Run.Last - place.Run.First + 1),
            SegmentsRead = read,
            Transactions = search.Found,
            TransactionCount = search.FoundCount,
            RestorePoints = search.RestorePoints,
            Near = search.Near,
            FirstCommit = search.FirstCommit,
            LastCommit = search.LastCommit,
            NamesFrom = backup?.Name.ToString(),
            RestoresFrom = backup?.Metadata?.Stopped,
            NameProblems = problems,
            Ownerless = search.Ownerless,
            KnownInstead = isKnown || problems.Count > 0 ? null : [.. names.Relations.Select(names.Describe).Distinct()],
            Problem = problem,
        };
        return (result, choice);
    }

    /// <summary>A timeline of a restore that was undone has nothing that anybody wants back.</summary>
    private static TimelineId NewestOf(WalCoverage coverage, IReadOnlySet<TimelineId> passedOver) =>
        coverage.Timelines.Where(timeline => !coverage.HistoryOf(timeline).GoesThroughAny(passedOver)).LastOrDefault(TimelineId.First);

    /// <summary>A restore that was undone, or a standby that was promoted beside its primary, leaves WAL that somebody may be looking for.</summary>
    private static List<TimelineId> OthersOf(WalCoverage coverage, TimelineHistory history, WalSegmentSize size) =>
        [.. coverage.Timelines.Where(timeline => timeline != history.Timeline && (history.EndOf(timeline) is not { } end || coverage.RunsOf(timeline)[^1].Last >= end.Value / size.Bytes))];

    private static StoredBackup? Choose(List<StoredBackup> usable, TimelineHistory history, DateTimeOffset? since)
    {
        var onPath = usable.Where(backup => history.Contains(backup.Metadata!.Timeline, backup.Metadata.StopLsn)).ToList();
        return (since is { } moment ? onPath.LastOrDefault(backup => backup.Metadata!.Stopped <= moment) : null) ?? onPath.FirstOrDefault();
    }

    private static async Task<ulong> FirstAsync(FindQuery query, StoredBackup? backup, ArchivedRecords records, List<ulong> numbers, CancellationToken cancellationToken)
    {
        // Neither commits nor restore points have names that must be followed. One segment earlier, for the commits before the moment.
        if (query is { Xid: null, Position: null, AsksForRelations: false, DropsDatabase: false })
        {
            var found = (query.Near ?? query.Since) is { } moment ? await records.FindAsync(moment, cancellationToken) ?? numbers[^1] : numbers[0];
            return numbers.LastOrDefault(number => number < found, found);
        }

        // A transaction may have written a record long before it ended, but not before the WAL begins.
        var start = backup?.Metadata!.StartWal.Number(new WalSegmentSize(backup.Metadata.Cluster.WalSegmentSize)) ?? numbers[0];
        return numbers.FirstOrDefault(number => number >= start, numbers[^1]);
    }

    /// <summary>What may have been missed because names are not known.</summary>
    private static IEnumerable<string> Concerns(FindQuery query, TransactionSearch search)
    {
        if (search.LostNames > 0)
        {
            yield return $"{search.LostNames} changes of catalogues could not be read: what they did to names is not known";
        }

        if (search.Nameless is { Count: > 0 } nameless)
        {
            yield return $"such changes were made to {(nameless.Count == 1 ? "a relation" : $"{nameless.Count} relations")} without a known name, which may be {query.Table}: "
                + "a transaction may have changed it that was open when the backup began; without the table's name find shows them";
        }
    }

    private static (RelationNames Names, IReadOnlyList<string> Problems) ReadNames(StoredBackup? backup, CancellationToken cancellationToken)
    {
        var names = new RelationNames();
        string? problem;
        try
        {
            problem = backup is null ? "there is no backup from which names could be taken" : CatalogLoading.Run(names, backup, cancellationToken);
        }
        catch (PgkeepException unreadable) when (unreadable.Kind == ErrorKind.BackupDamaged)
        {
            problem = unreadable.Message;
        }

        names.TrackDatabases();
        // template0 lets nobody in, and nobody changes anything there.
        return (names, problem is null
            ? [.. backup!.Metadata!.CatalogMissing.Where(missing => !missing.StartsWith("template0: ", StringComparison.Ordinal)).Select(missing => $"no names of the database {missing}")]
            : [problem]);
    }

    /// <returns>Whether the table was there when the backup was taken.</returns>
    private static bool RequireOne(TableFilter table, RelationNames names)
    {
        var known = names.Relations.Where(row => row.Kind is 'r' or 'p' or 'm' or 'f' or 'v' && table.Matches(row, names)).Select(row => names.Describe(row).ToString()).Distinct().Order(StringComparer.Ordinal).ToList();
        return known.Count <= 1
            ? known.Count == 1
            : throw new PgkeepException(
                ErrorKind.Usage,
                $"there are {known.Count} tables of the name {table}: {string.Join(", ", known.Take(5))}{(known.Count > 5 ? " and more" : "")}",
                $"name the one that is meant in full, such as {known[0]}");
    }

    /// <returns>How many segments were read, and a sentence on why not everything was; null where it was.</returns>
    private static async Task<(long Read, string? Problem)> ReadAsync(FindPlace place, SegmentChoice? choice, TransactionSearch search, CancellationToken cancellationToken)
    {
        var (number, last, read) = (place.Run.First, place.Run.Last, 0L);
        for (var isBeforeRead = false; number <= last && !search.IsOver; number++)
        {
            if (!await WantsAsync(number, isBeforeRead))
            {
                isBeforeRead = false;
                continue;
            }

            var end = await place.Records.ReadAsync(number, last, TransactionSearch.HeldLength, search, GoesOnAsync, cancellationToken);
            if (search.Problem is { } problem)
            {
                return (read, $"the archive {problem}");
            }

            // Where the WAL ends with what is stored, it is not cut short.
            if (!search.IsOver && end is not null && !(end.IsUnwritten && end.Segment == place.Last))
            {
                return (read, end.Problem);
            }

            // Of the next one it is known that it was not wanted, or it is behind the last.
            isBeforeRead = false;
        }

        return (read, null);

        async ValueTask<bool> GoesOnAsync(ulong next)
        {
            number = next;
            return await WantsAsync(next, isBeforeRead: true);
        }

        async ValueTask<bool> WantsAsync(ulong next, bool isBeforeRead)
        {
            var isWanted = choice is null || await choice.WantsAsync(next, isBeforeRead, last, cancellationToken);
            read += isWanted ? 1 : 0;
            return isWanted;
        }
    }

    private sealed record FindPlace(ArchivedRecords Records, WalRun Run, WalSegmentName First, WalSegmentName Last, TimelineId Timeline, StoredBackup? Backup, IReadOnlyList<TimelineId> OtherTimelines);
}
