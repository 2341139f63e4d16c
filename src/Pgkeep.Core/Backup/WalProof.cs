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
            var history = ArchivingProof.HistoryOf(first.Timeline);
            tar.Add(history, await WaitAsync(history, cancellationToken));
        }
    }

    public async Task PackAsync(BackupPlan plan, WalSegmentName segment, WalTar tar, CancellationToken cancellationToken)
    {
        var content = await WaitAsync(segment.ToString(), cancellationToken);
        if (!WalSegmentContent.TryCheck(content, segment, out var found, out var problem))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"the archived \"{_archive.Describe(segment.ToString())}\" {problem}");
        }

        if (found.SystemIdentifier != plan.Control.SystemIdentifier)
        {
            throw new PgkeepException(ErrorKind.RepositoryMismatch, $"the archived \"{_archive.Describe(segment.ToString())}\" is of another cluster");
        }

        tar.Add(segment.ToString(), content);
    }

    private async Task<byte[]> WaitAsync(string name, CancellationToken cancellationToken)
    {
        await _watch.WaitAsync(name, cancellationToken);
        _ = WalFileName.TryParse(name, out var file);
        return await _archive.ReadAsync(file!, cancellationToken)
            ?? throw new PgkeepException(ErrorKind.WalMissing, $"\"{_archive.Describe(name)}\" was there a moment ago and is gone");
    }
}
