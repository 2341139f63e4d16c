using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;

namespace Pgkeep.Check.Wal;

/// <summary>Gathers a <see cref="WalStatus"/>: the archive is listed once, and of its files only histories and the ends of the windows are opened.</summary>
internal static class WalStatusReader
{
    /// <summary>Throws where the archive cannot be read; a server that cannot be asked is part of the answer.</summary>
    /// <param name="passedOver">The timelines that a restore of the backup takes for undone.</param>
    public static async Task<WalStatus> ReadAsync(
        RepositoryLayout layout, ConnectionSettings connection, Func<BackupMetadata, IReadOnlySet<TimelineId>> passedOver, TimeProvider time, CancellationToken cancellationToken)
    {
        var stores = ArchiveStores.Of(layout);
        var identity = await RepositoryMarker.RequireAsync(stores.Marked[0], cancellationToken);
        var (report, problem) = await AskServerAsync(connection, cancellationToken);
        var times = ReceiverStatus.ReadTimes(layout);
        var receiving = new ReceivedWal(stores.Archive, identity).ReadAll();
        // After the server was asked: what it says it has archived must be there by now. After the receivers: what they stored meanwhile is there too.
        var inventory = await stores.Archive.ListAsync(cancellationToken);
        var histories = await WalHistories.ReadAsync(stores.Archive, inventory, cancellationToken);
        var coverage = new WalCoverage(inventory, histories.ByTimeline, identity.WalSegmentSize);
        var received = ReceivedWal.Beyond(inventory, receiving, identity.WalSegmentSize);
        var reachable = new WalCoverage(inventory, histories.ByTimeline, identity.WalSegmentSize, [.. received.Keys]);
        var backups = (await new BackupCatalogue(new LocalStorage(layout.BackupDirectory), layout).ListAsync(cancellationToken))
            .Where(backup => backup.IsUsable && backup.Metadata.Cluster.SystemIdentifier == identity.SystemIdentifier)
            .Select(backup => backup.Metadata!)
            .ToList();
        var files = receiving.SelectMany(segments => segments).Where(segment => received.ContainsKey(segment.Name)).Select(segment => (segment.Name, segment.Path));
        var wal = new RecoverableWal(stores.Archive, inventory, identity, new HashSet<WalSegmentName>(), files);
        var windows = new RecoveryWindows(stores.Archive, inventory, reachable, histories, wal, times);
        var found = new List<RecoveryWindow>();
        foreach (var backup in backups)
        {
            found.AddRange(await windows.OfAsync(backup, passedOver(backup), cancellationToken));
        }

        var receivers = ReceiverStatus.ReadAll(layout, identity, inventory, report, time.GetUtcNow());
        return new WalStatus(layout.WalDirectory, identity, inventory.Files.Count(), inventory.Files.Sum(file => file.Stored.Size), inventory.ForeignFiles)
        {
            Timelines = Describe(inventory, coverage, reachable.Gaps(), backups, identity.WalSegmentSize),
            Windows = found,
            HistoryProblems = histories.Problems,
            Lost = [.. backups.SelectMany(coverage.LostOf)],
            Receivers = receivers,
            Server = report is null ? null : Compare(report, identity, inventory, coverage, received, receivers),
            ServerProblem = problem,
        };
    }

    /// <param name="missing">What neither the archive nor a receiver has.</param>
    /// <param name="backups">The oldest of them tells which gaps a restore could come across.</param>
    public static IReadOnlyList<TimelineStatus> Describe(
        WalInventory inventory, WalCoverage coverage, IReadOnlyList<WalGap> missing, IReadOnlyList<BackupMetadata> backups, WalSegmentSize size)
    {
        var oldest = backups.Count == 0 ? (ulong?)null : backups.Min(backup => backup.StartWal.Number(size));
        var gaps = missing.ToLookup(gap => gap.First.Timeline);
        var bytes = new Dictionary<TimelineId, long>();
        foreach (var file in inventory.Files)
        {
            bytes[file.File.Timeline] = bytes.GetValueOrDefault(file.File.Timeline) + file.Stored.Size;
        }

        return [.. coverage.Timelines.Select(Of)];

        TimelineStatus Of(TimelineId timeline)
        {
            var runs = coverage.RunsOf(timeline);
            var first = WalSegmentName.FromNumber(timeline, runs[0].First, size);
            var last = WalSegmentName.FromNumber(timeline, runs[^1].Last, size);
            return new TimelineStatus(
                timeline,
                (int)runs.Sum(run => (long)(run.Last - run.First + 1)),
                bytes.GetValueOrDefault(timeline),
                first,
                last,
                first.StartLsn(size),
                last.StartLsn(size) + size.Bytes,
                [.. gaps[timeline].Select(gap => new GapStatus(gap, !gap.LiesBefore(oldest, size)))]);
        }
    }

    private static ServerStatus Compare(
        ArchiverReport report,
        RepositoryIdentity identity,
        WalInventory inventory,
        WalCoverage coverage,
        IReadOnlyDictionary<WalSegmentName, Lsn> received,
        IReadOnlyList<ReceiverStatus> receivers)
    {
        if (ArchivedProof.FindMismatch(report, identity) is { } mismatch)
        {
            return new ServerStatus(report, null, TimeSpan.Zero, mismatch, null);
        }

        var history = report.Timeline is { } timeline ? coverage.HistoryOf(timeline) : null;
        var end = history is null ? null : new[] { EndOf(history, coverage, identity.WalSegmentSize) }
            .Concat(received.Where(segment => history.BeginOf(segment.Key.Timeline) is not null).Select(segment => (Lsn?)segment.Value))
            .Max();
        long? behind = report.Position is { } position && end is { } stored ? position > stored ? checked((long)(position - stored)) : 0 : null;
        var used = receivers.Where(receiver => receiver.IsUsed).Select(receiver => receiver.Lag).ToList();
        // What any of them has is not lost.
        var lag = report.ArchivesItself || used.Count == 0 ? used.Append(WalCheck.Lag(report)).Min() : used.Min();
        return new ServerStatus(report, behind, lag, null, ArchivedProof.FindLoss(report, inventory));
    }

    /// <summary>Behind the newest segment that is stored of a history: on its own timeline, or else on the ones that it comes from.</summary>
    private static Lsn? EndOf(TimelineHistory history, WalCoverage coverage, WalSegmentSize size)
    {
        if (coverage.RunsOf(history.Timeline) is [.., var own])
        {
            return new Lsn((own.Last + 1) * size.Bytes);
        }

        foreach (var past in history.Switches.Reverse())
        {
            if (coverage.RunsOf(past.Timeline) is [.., var last])
            {
                var (stored, left) = (new Lsn((last.Last + 1) * size.Bytes), history.EndOf(past.Timeline)!.Value);
                return stored < left ? stored : left;
            }
        }

        return null;
    }

    private static async Task<(ArchiverReport? Report, string? Problem)> AskServerAsync(ConnectionSettings connection, CancellationToken cancellationToken)
    {
        try
        {
            await using var server = await ServerConnection.OpenAsync(connection, cancellationToken);
            return (await ArchiverReport.ReadAsync(server, cancellationToken), null);
        }
        catch (PgkeepException failure)
        {
            return (null, failure.Message);
        }
    }
}
