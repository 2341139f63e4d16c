using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Restore.Places;

/// <summary>
/// Free space against need, for each file system by itself: the old cluster stays, so that all of the new one needs room beside it. Segments that are fetched ahead
/// count for nothing, for that stops by itself where room gets scarce.
/// </summary>
internal sealed record RestoreSpace(IReadOnlyList<DiskNeed> Disks)
{
    /// <summary>The segment that is being replayed and the one that it is fetched into, or the first of the new timeline.</summary>
    private const int SegmentsInUse = 2;

    /// <summary>max_wal_size, where nobody has set it: about so much a server keeps between two restartpoints.</summary>
    private const long UsualWal = 1L << 30;

    /// <param name="wal">That the plan has proven.</param>
    /// <param name="freed">Bytes that will be free on a device, for what is there is removed or used.</param>
    public static RestoreSpace Of(
        BackupContent content, BackupMetadata backup, string dataDirectory, IEnumerable<TablespacePlace> tablespaces, OldPlaces places, RestoreWal wal, Func<ulong, long> freed)
    {
        var size = new WalSegmentSize(backup.Cluster.WalSegmentSize);
        var stored = (int)(backup.StopWal.Number(size) - backup.StartWal.Number(size)) + 1 + wal.Unarchived.Count(file => file.Name.Segment is not null);
        IEnumerable<SpacePart> parts =
        [
            new SpacePart(dataDirectory, "data directory", content.DataDirectory),
            .. tablespaces.Select(tablespace => new SpacePart(OldPlaces.VersionDirectory(backup, tablespace.Location), $"tablespace {tablespace.Oid}", content.Tablespaces.GetValueOrDefault(tablespace.Oid))),
            Wal(places.WalLink?.Target ?? Path.Combine(dataDirectory, WalLink.Name), size.Bytes, stored, wal.Chain.Count),
        ];
        return Measure(parts.Select(part => part with { Directory = FileSystem.Resolve(part.Directory) }), freed);
    }

    /// <param name="parts">Each by its directory, there or not: what it is, and how large.</param>
    /// <param name="freed">Bytes that will be free on a device because what is there is removed first, or used.</param>
    public static RestoreSpace Measure(IEnumerable<SpacePart> parts, Func<ulong, long> freed) =>
        new([.. parts.GroupBy(part => DeviceOf(Existing(part.Directory))).Select(disk => Sum([.. disk], freed(disk.Key)))]);

    /// <summary>What a restore that was broken off has written, and what removes it frees, by device.</summary>
    public static Func<ulong, long> FreedBy(RestoreJournal? broken)
    {
        if (broken is not { IsPartialCopy: true })
        {
            return _ => 0;
        }

        var written = broken.Places.Where(place => place.IsWritten).ToLookup(place => DeviceOf(place.Path), place => place.WrittenBytes());
        return device => written[device].Sum();
    }

    /// <param name="segment">Bytes of one.</param>
    /// <param name="stored">Segments of the backup, and those that only the old server has.</param>
    /// <param name="replayed">Segments from the backup's start to the recovery's end.</param>
    public static SpacePart Wal(string directory, long segment, int stored, int replayed) =>
        new(directory, "WAL", (stored + SegmentsInUse) * segment, Math.Min(replayed * segment, UsualWal));

    /// <summary>Refuses while nothing has been touched.</summary>
    public void Require(string dataDirectory, IReadOnlyList<KeptData> kept)
    {
        if (Disks.FirstOrDefault(disk => disk.IsTooSmall) is not { } small)
        {
            return;
        }

        var device = DeviceOf(small.Place);
        var old = kept.Select(one => (one.Journal.Id, Bytes: one.Directories.Where(directory => FileStatus.Of(directory.Path)?.Device == device).Sum(directory => directory.Bytes)))
            .Where(one => one.Bytes > 0)
            .ToList();
        throw new PgkeepException(
            ErrorKind.StorageFull,
            $"the restore needs {SizeText.Short(small.Needed)} beside what is there for {string.Join(", ", small.Holds)} on the disk of \"{small.Place}\", and {SizeText.Short(small.Free)} are free",
            [
                "nothing was changed",
                .. old.Select(one => $"{SizeText.Short(one.Bytes)} there are of an earlier restore; when you no longer need them: pgkeep restore forget {one.Id} --pgdata {dataDirectory}"),
                "or free some space; or restore to another disk with --pgdata, or a copy with --to",
                "or change the old files into the backup's, from which there is no way back: --delta --in-place",
            ]);
    }

    private static DiskNeed Sum(IReadOnlyList<SpacePart> parts, long freed)
    {
        var place = Existing(parts[0].Directory);
        return new DiskNeed(place, [.. parts.Select(part => part.Name)], parts.Sum(part => part.Needed), parts.Sum(part => part.Replay), VolumeSpace.Of(place).Available + freed);
    }

    private static ulong DeviceOf(string path) => FileStatus.OfTarget(path)!.Value.Device;

    private static string Existing(string path) => Directory.Exists(path) ? path : FileSystem.ExistingParent(path);
}
