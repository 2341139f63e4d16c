using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;
using Pgkeep.Restore.Places;

namespace Pgkeep.Restore;

/// <summary>
/// Chooses the backup for a target: by the server's times for a moment, and for what has a place in the WAL by positions along one history, the newest timeline's
/// or the one that a person named. A transaction and a restore point are looked for from the newest backup back, so that no segment is read twice.
/// </summary>
internal sealed class BackupChoice
{
    private readonly RestoreSettings _settings;
    private readonly ArchiveStores _stores;
    private readonly BackupCatalogue _catalogue;
    private readonly RepositoryIdentity _identity;

    public BackupChoice(RestoreSettings settings, ArchiveStores stores, BackupCatalogue catalogue, RepositoryIdentity identity) =>
        (_settings, _stores, _catalogue, _identity) = (settings, stores, catalogue, identity);

    public async ValueTask<ChosenBackup> MakeAsync(CancellationToken cancellationToken)
    {
        if (_settings.Backup is { } named)
        {
            return new ChosenBackup(await _catalogue.ResolveAsync(named, cancellationToken), null);
        }

        var usable = (await _catalogue.ListAsync(cancellationToken)).Where(backup => backup.IsUsable).ToList();
        if (usable.Count == 0)
        {
            throw new PgkeepException(ErrorKind.BackupMissing, $"there is no usable backup in \"{_settings.Layout.BackupDirectory}\"", "pgkeep list tells what is there");
        }

        var isAnywhere = _settings is { Timeline: null, Target.Kind: RecoveryTargetKind.Latest or RecoveryTargetKind.Immediate };
        return isAnywhere ? new ChosenBackup(usable[^1], null)
            : _settings is { Timeline: null, Target.Time: { } moment } ? new ChosenBackup(OfMoment(usable, moment), null)
            : await AlongHistoryAsync(usable, cancellationToken);
    }

    private static StoredBackup OfMoment(List<StoredBackup> usable, DateTimeOffset moment) =>
        Newest(usable.Where(backup => backup.Metadata!.Stopped <= moment))
        ?? throw new PgkeepException(
            ErrorKind.TargetUnreachable,
            $"the target {Show(moment)} lies before the end of the oldest backup, {Show(usable[0].Metadata!.Stopped)}",
            "no earlier moment can be restored from this repository");

    /// <summary>One without archiving leads to a target only where archiving was turned on right after it, which the proof of its WAL shows.</summary>
    private static StoredBackup? Newest(IEnumerable<StoredBackup> fitting)
    {
        var all = fitting.ToList();
        return all.LastOrDefault(backup => !backup.Metadata!.EndsInItself) ?? all.LastOrDefault();
    }

    private async ValueTask<ChosenBackup> AlongHistoryAsync(List<StoredBackup> usable, CancellationToken cancellationToken)
    {
        var sources = await GatherAsync(usable[^1].Metadata!, cancellationToken);
        var history = await FollowedAsync(usable, sources, cancellationToken);
        var along = usable.Where(backup => history.Contains(backup.Metadata!.Timeline, backup.Metadata.StopLsn)).ToList();
        if (along.Count == 0)
        {
            throw new PgkeepException(
                ErrorKind.TargetUnreachable, $"no backup leads along timeline {history.Timeline}: all were taken behind where it left their timelines", "pgkeep wal tells which moments can be restored");
        }

        if (_settings.Target.Time is { } moment)
        {
            return new ChosenBackup(OfMoment(along, moment), null);
        }

        if (_settings.Target.Kind is RecoveryTargetKind.Latest or RecoveryTargetKind.Immediate)
        {
            return new ChosenBackup(along[^1], null);
        }

        if (_settings.Target.Position is { } given)
        {
            return new ChosenBackup(NewestBefore(given, along, history), null);
        }

        StoredBackup? unfit = null;
        WalMoment? parent = null;
        foreach (var (backup, first, last) in Stretches(along, sources, history))
        {
            var (visitor, isWhole) = await LookAsync(sources, history, backup.Metadata!.StartLsn, first, last, cancellationToken);
            var isOther = visitor.Stop is { } stop && stop.IsOfOtherEpoch(_settings.Target);
            if (visitor.Stop is { Record: var position } && !isOther)
            {
                // An older backup, which ends before a name that this one saw while it was taken, may come across an earlier one.
                var isFirst = position >= backup.Metadata.StopLsn || _settings.Target.Kind == RecoveryTargetKind.Xid;
                return new ChosenBackup(NewestBefore(position, along, history), isFirst ? position : null);
            }

            unfit ??= isWhole && !isOther ? null : backup;
            parent ??= visitor.Parent;
        }

        // The proof of that one's WAL tells what is missing, and how far it leads, or which transaction has the number.
        return unfit is not null ? new ChosenBackup(unfit, null) : throw await NotFoundAsync(along, sources, history, parent, cancellationToken);
    }

    private StoredBackup NewestBefore(Lsn position, List<StoredBackup> along, TimelineHistory history) =>
        Newest(along.Where(backup => backup.Metadata!.StopLsn <= position))
        ?? throw new PgkeepException(
            ErrorKind.TargetUnreachable,
            $"the target, {Describe(position)}, lies before the end of the oldest backup along timeline {history.Timeline}, {along[0].Metadata!.StopLsn}",
            "no earlier place can be restored from this repository");

    private string Describe(Lsn position) => _settings.Target.Kind == RecoveryTargetKind.Lsn ? $"{position}" : $"{_settings.Target} at {position}";

    /// <summary>From each backup's start to the next one's, newest first; to the end of what is there behind the newest.</summary>
    private static IEnumerable<(StoredBackup Backup, ulong First, ulong Last)> Stretches(List<StoredBackup> along, WalSources sources, TimelineHistory history)
    {
        var size = sources.Identity.WalSegmentSize;
        var last = WalChain.FindLast(history, sources.Inventory, sources.Others([]), size)?.Number(size) ?? 0;
        foreach (var backup in Enumerable.Reverse(along))
        {
            var first = backup.Metadata!.StartWal.Number(size);
            yield return (backup, first, last);
            last = first;
        }
    }

    /// <returns>What was seen up to the target, or where it is not there, to the end, and then whether all was read.</returns>
    private async ValueTask<(RecoveryStopVisitor Seen, bool IsWhole)> LookAsync(WalSources sources, TimelineHistory history, Lsn from, ulong first, ulong last, CancellationToken cancellationToken)
    {
        var (size, others) = (sources.Identity.WalSegmentSize, sources.Others([]));
        var wal = sources.Open(new HashSet<WalSegmentName>());
        var records = new RecoverableRecords(wal, number => WalChain.FindOn(history, number, size, sources.Inventory, others));
        var visitor = new RecoveryStopVisitor(_settings.Target, from, near: 0);

        // The backup's own may be in the backup alone.
        while (first < last && WalChain.FindOn(history, first, size, sources.Inventory, others) is null)
        {
            first++;
        }

        var ended = first > last ? null : await records.ReadAsync(first, last, visitor, cancellationToken);
        return (visitor, ended is null || ended.Segment.Number(size) >= last);
    }

    /// <summary>What was committed on a timeline that the newest one left before is there, and only with that timeline's name.</summary>
    /// <param name="parent">The end of the transaction that the one which is the target is a part of; null where none was seen.</param>
    private async ValueTask<PgkeepException> NotFoundAsync(List<StoredBackup> along, WalSources sources, TimelineHistory followed, WalMoment? parent, CancellationToken cancellationToken)
    {
        var size = sources.Identity.WalSegmentSize;
        var oldest = along[0].Metadata!;
        foreach (var timeline in sources.Inventory.Timelines.Reverse().Where(timeline => timeline != followed.Timeline && _settings.Timeline is null && !sources.Undone.Contains(timeline) && sources.HasHistory(timeline)))
        {
            var history = await sources.ReadHistoryAsync(oldest, timeline, cancellationToken);
            var begin = followed.EndOf(timeline) ?? history.BeginOf(timeline)!.Value;
            var first = Math.Max(begin.Value / size.Bytes, sources.Inventory.SegmentsOf(timeline)[0].Number(size));
            var last = sources.Inventory.SegmentsOf(timeline)[^1].Number(size);
            var (seen, _) = await LookAsync(sources, history, begin, first, last, cancellationToken);
            if (parent is null && seen.Stop is { Record: var found } stop && !stop.IsOfOtherEpoch(_settings.Target))
            {
                return new PgkeepException(
                    ErrorKind.TargetUnreachable,
                    $"{_settings.Target} is at {found} of timeline {timeline}, and timeline {followed.Timeline}, the newest one, left that way before",
                    $"to restore along the old timeline: --target-timeline {timeline}");
            }
        }

        return new RecoveryEnd(_settings.Target, WalChain.FindLast(followed, sources.Inventory, sources.Others([]), size)?.Next(size).StartLsn(size)) { Parent = parent }.NotThere(oldest);
    }

    /// <summary>The newest timeline that any backup leads to.</summary>
    private async ValueTask<TimelineHistory> FollowedAsync(List<StoredBackup> usable, WalSources sources, CancellationToken cancellationToken)
    {
        if (_settings.Timeline is { } named)
        {
            return await sources.ReadNamedAsync(usable[^1].Metadata!, named, cancellationToken);
        }

        TimelineHistory? newest = null;
        foreach (var backup in usable.Select(backup => backup.Metadata!).DistinctBy(backup => (backup.Timeline, backup.StopLsn)))
        {
            var history = await WalChain.ChooseTimelineAsync(backup, sources.Newest, sources.Undone, timeline => sources.ReadHistoryAsync(backup, timeline, cancellationToken), []);
            newest = newest is null || history.Timeline > newest.Timeline ? history : newest;
        }

        return newest!;
    }

    private async ValueTask<WalSources> GatherAsync(BackupMetadata newest, CancellationToken cancellationToken)
    {
        if (_settings.IsBeside)
        {
            return await WalSources.GatherBesideAsync(_stores.Archive, _identity, newest, cancellationToken);
        }

        if ((_settings.DataDirectory ?? newest.Cluster.DataDirectory) is not { Length: > 0 } named)
        {
            return await WalSources.GatherAsync(_stores.Archive, _identity, "/", null, _settings.OldWal, cancellationToken);
        }

        var dataDirectory = FileSystem.Resolve(named);
        var old = RestoreJournal.FindBrokenOff(dataDirectory)?.OldDataDirectoryNow ?? dataDirectory;
        // One of another cluster is refused by the plan; its WAL is not looked at.
        var isOld = Directory.Exists(old) && (ControlFileReader.TryRead(old) is not { } control || control.SystemIdentifier == _identity.SystemIdentifier);
        return await WalSources.GatherAsync(_stores.Archive, _identity, dataDirectory, isOld ? old : null, _settings.OldWal, cancellationToken);
    }

    private static string Show(DateTimeOffset moment) => $"{moment.ToLocalTime():yyyy-MM-dd HH:mm:ss.FFFFFF zzz}";
}

/// <param name="Known">Where the target is in the WAL; null where it was not looked for.</param>
internal sealed record ChosenBackup(StoredBackup Backup, Lsn? Known)
{
    /// <summary>What the backup's own end refuses, before anything is read.</summary>
    public void CheckTarget(RecoveryTarget target)
    {
        var (name, metadata) = (Backup.Name, Backup.Metadata!);
        var isBefore = target.Time < metadata.Stopped || target.Position < metadata.StopLsn;
        if (isBefore)
        {
            var end = target.Time is null ? $"{metadata.StopLsn}" : $"{metadata.Stopped.ToLocalTime():yyyy-MM-dd HH:mm:ss.FFFFFF zzz}";
            throw new PgkeepException(
                ErrorKind.TargetUnreachable,
                $"the target {target} lies before the end of {name}, {end}",
                "a backup can be restored to any moment after its end: take an earlier backup, or leave the backup out and the newest that fits is taken");
        }
    }
}
