using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>Where a restore finds WAL beside the backup itself: the archive, what receivers have, and the old server's <c>pg_wal</c>.</summary>
internal sealed class WalSources
{
    private readonly WalArchive _archive;
    private readonly IReadOnlyList<ReceivedSegment> _receiving;
    private readonly IReadOnlyDictionary<TimelineId, TimelineHistory> _local;

    private WalSources(WalArchive archive, RepositoryIdentity identity, WalInventory inventory, IReadOnlyList<UnarchivedFile> unarchived, IReadOnlyList<IReadOnlyList<ReceivedSegment>> receiving)
    {
        _archive = archive;
        Identity = identity;
        Inventory = inventory;
        Unarchived = unarchived;
        Received = ReceivedWal.Beyond(inventory, receiving, identity.WalSegmentSize);
        _receiving = [.. receiving.SelectMany(segments => segments).Where(segment => Received.ContainsKey(segment.Name))];
        _local = ReadHistories(unarchived);
    }

    public RepositoryIdentity Identity { get; }

    public WalInventory Inventory { get; }

    public IReadOnlyList<UnarchivedFile> Unarchived { get; }

    /// <summary>Those of <see cref="Unarchived"/> that a person named.</summary>
    public IReadOnlySet<WalSegmentName> Rescued { get; private init; } = new HashSet<WalSegmentName>();

    /// <summary>How far each goes that recovery can go on into.</summary>
    public IReadOnlyDictionary<WalSegmentName, Lsn> Received { get; }

    /// <summary>The highest timeline that has a history.</summary>
    public TimelineId Newest => Inventory.Files.Where(stored => stored.File.Kind == WalFileKind.History).Select(stored => stored.File.Timeline)
        .Concat(_local.Keys)
        .Append(TimelineId.First)
        .Max();

    /// <summary>Null where there is no old cluster, or where its control file cannot be read.</summary>
    public required ControlFile? Control { get; init; }

    /// <summary>The timelines of restores that were undone.</summary>
    public required HashSet<TimelineId> Undone { get; init; }

    /// <param name="dataDirectory">Beside it lie the restores that were undone.</param>
    /// <param name="old">Where the old cluster is now; null where there is none.</param>
    /// <param name="rescued">A directory with more of its WAL; null for none.</param>
    public static async ValueTask<WalSources> GatherAsync(
        WalArchive archive, RepositoryIdentity identity, string dataDirectory, string? old, string? rescued, CancellationToken cancellationToken)
    {
        // What is stored meanwhile, and gone from the receivers, is in the listing then.
        var receiving = new ReceivedWal(archive, identity).ReadAll();
        var inventory = await archive.ListAsync(cancellationToken);
        var control = old is null ? null : ControlFileReader.TryRead(old);
        var unarchived = old is null ? [] : UnarchivedWal.Of(OldWal.FolderOf(dataDirectory), inventory);
        var own = unarchived;
        if (rescued is not null)
        {
            unarchived = RescuedWal.Join(own, rescued, inventory, identity);
        }

        return new WalSources(archive, identity, inventory, unarchived, receiving)
        {
            Control = control,
            Rescued = unarchived.Except(own).Select(file => file.Name.Segment).OfType<WalSegmentName>().ToHashSet(),
            Undone = UndoneTimelines.Of(dataDirectory, control, identity.SystemIdentifier),
        };
    }

    /// <summary>For a copy beside the cluster: what that has itself is not used, and only which of its timelines were undone is learnt from it.</summary>
    public static async ValueTask<WalSources> GatherBesideAsync(WalArchive archive, RepositoryIdentity identity, BackupMetadata backup, CancellationToken cancellationToken)
    {
        var receiving = new ReceivedWal(archive, identity).ReadAll();
        return new WalSources(archive, identity, await archive.ListAsync(cancellationToken), [], receiving) { Control = null, Undone = [.. UndoneTimelines.Of(backup)] };
    }

    /// <summary>Segments outside the archive that recovery will find as well.</summary>
    /// <param name="ofBackup">The backup's own whole ones.</param>
    public HashSet<WalSegmentName> Others(IEnumerable<WalSegmentName> ofBackup) =>
        [.. Unarchived.Select(file => file.Name.Segment).OfType<WalSegmentName>(), .. ofBackup, .. Received.Keys];

    public RecoverableWal Open(IReadOnlySet<WalSegmentName> ofBackup) => new(
        _archive,
        Inventory,
        Identity,
        ofBackup,
        Unarchived.Where(file => file.Name.Segment is not null).Select(file => (file.Name.Segment!.Value, file.Path)).Concat(_receiving.Select(segment => (segment.Name, segment.Path))));

    public bool HasLocalHistory(TimelineId timeline) => _local.ContainsKey(timeline);

    public bool HasHistory(TimelineId timeline) => timeline == TimelineId.First || Inventory.HasHistory(timeline) || HasLocalHistory(timeline);

    /// <summary>Throws where the archive should have it and has not.</summary>
    public async ValueTask<TimelineHistory> ReadHistoryAsync(BackupMetadata backup, TimelineId timeline, CancellationToken cancellationToken) =>
        _local.GetValueOrDefault(timeline)
        // A backup without archiving can be restored to its own end whatever became of the server's histories since; none leads through it.
        ?? (backup.EndsInItself && timeline > backup.Timeline && !Inventory.HasHistory(timeline)
            ? TimelineHistory.Initial(timeline)
            : await _archive.ReadHistoryAsync(timeline, cancellationToken));

    /// <summary>That of a timeline which a person named.</summary>
    public async ValueTask<TimelineHistory> ReadNamedAsync(BackupMetadata backup, TimelineId timeline, CancellationToken cancellationToken) => HasHistory(timeline)
        ? await ReadHistoryAsync(backup, timeline, cancellationToken)
        : throw new PgkeepException(
            ErrorKind.TargetUnreachable, $"there is no timeline {timeline}: \"{_archive.Describe(timeline.ToHex() + ".history")}\" is missing", "pgkeep wal names the timelines that there are");

    /// <summary>
    /// A history is written the moment its timeline begins, when a restore or a failover is over. One that was written after the target tells of
    /// a timeline on which that moment never was: on it, a restore that is repeated would find no commit to stop at, or another's.
    /// </summary>
    public async ValueTask<HashSet<TimelineId>> BegunAfterAsync(DateTimeOffset moment, CancellationToken cancellationToken)
    {
        var later = new HashSet<TimelineId>();
        foreach (var stored in Inventory.Files.Where(stored => stored.File.Kind == WalFileKind.History))
        {
            if (await _archive.ReadWrittenAtAsync(stored, cancellationToken) > moment)
            {
                later.Add(stored.File.Timeline);
            }
        }

        later.UnionWith(Unarchived
            .Where(file => file.Name.Kind == WalFileKind.History && FileStatus.Of(file.Path)?.Modified > moment)
            .Select(file => file.Name.Timeline));
        return later;
    }

    private static Dictionary<TimelineId, TimelineHistory> ReadHistories(IEnumerable<UnarchivedFile> files)
    {
        var histories = new Dictionary<TimelineId, TimelineHistory>();
        foreach (var file in files.Where(file => file.Name.Kind == WalFileKind.History))
        {
            if (TimelineHistory.TryParse(file.Name.Timeline, File.ReadAllText(file.Path), out var history, out _))
            {
                histories.Add(file.Name.Timeline, history);
            }
        }

        return histories;
    }
}
