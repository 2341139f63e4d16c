using System.Diagnostics;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>
/// Waits until the archive holds every segment from the backup's start to its stop, reads each back with all its checks, and packs them into the
/// archive <c>pg_wal</c>, so that the backup is consistent by itself. Only then may it be called a backup.
/// </summary>
internal sealed class WalProof
{
    private readonly WalArchive _archive;
    private readonly ArchiveWatch _watch;

    public WalProof(WalArchive archive, ArchiveWatch watch)
    {
        _archive = archive;
        _watch = watch;
    }

    public async Task PackAsync(BackupPlan plan, WalSegmentName first, WalSegmentName last, WalTar tar, CancellationToken cancellationToken)
    {
        var size = plan.Control.WalSegmentSize;
        for (var segment = first; segment.CompareTo(last) <= 0; segment = segment.Next(size))
        {
            await PackAsync(plan, segment, tar, cancellationToken);
        }

        if (first.Timeline.Value > 1)
        {
            tar.Add(ArchivingProof.HistoryOf(first.Timeline), await ReadHistoryAsync(first.Timeline, cancellationToken));
        }
    }

    public async Task PackAsync(BackupPlan plan, WalSegmentName segment, WalTar tar, CancellationToken cancellationToken)
    {
        var file = await WaitAsync(segment.ToString(), cancellationToken);
        var stored = await _archive.FindSoundAsync(file, cancellationToken) ?? throw Gone(file);
        await using var packed = new PackedSegment(tar, segment, plan.Control.WalSegmentSize, plan.Control.SystemIdentifier, $"the archived \"{_archive.Describe(stored)}\"");
        await _archive.CopyAsync(stored, file, packed, cancellationToken);
        packed.Complete();
    }

    private async Task<byte[]> ReadHistoryAsync(TimelineId timeline, CancellationToken cancellationToken)
    {
        var file = await WaitAsync(ArchivingProof.HistoryOf(timeline), cancellationToken);
        return await _archive.ReadAsync(file, cancellationToken) ?? throw Gone(file);
    }

    private async Task<WalFileName> WaitAsync(string name, CancellationToken cancellationToken)
    {
        await _watch.WaitAsync(name, cancellationToken);
        return WalFileName.TryParse(name, out var file) ? file : throw new UnreachableException($"{name} is no name");
    }

    private PgkeepException Gone(WalFileName file) => new(ErrorKind.WalMissing, $"\"{_archive.Describe(file.Name)}\" was there a moment ago and is gone");
}
