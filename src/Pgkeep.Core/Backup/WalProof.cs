using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup;

/// <summary>
/// Waits until the archive holds every segment from the backup's start to its stop, reads each back with all its checks, and packs them into the
/// archive <c>pg_wal</c>, so that the backup is consistent by itself. Only then may it be called a backup.
/// </summary>
internal sealed class WalProof
{
    private readonly WalArchive _archive;
    private readonly ArchiveWatch _watch;
    private readonly TimeProvider _time;

    public WalProof(WalArchive archive, ArchiveWatch watch, TimeProvider time)
    {
        _archive = archive;
        _watch = watch;
        _time = time;
    }

    public async Task PackAsync(BackupPlan plan, WalSegmentName first, WalSegmentName last, PendingTar tar, CancellationToken cancellationToken)
    {
        tar.Begin(new TarEntry("archive_status", TarEntryType.Directory, 0, 0b111_000_000, _time.GetUtcNow()));
        var size = plan.Control.WalSegmentSize;
        for (var segment = first; segment.CompareTo(last) <= 0; segment = segment.Next(size))
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

            Pack(tar, segment.ToString(), content);
        }

        if (first.Timeline.Value > 1)
        {
            var history = ArchivingProof.HistoryOf(first.Timeline);
            Pack(tar, history, await WaitAsync(history, cancellationToken));
        }

        tar.Complete();
    }

    /// <summary>With the mark that says it is archived, so that a server started on the backup does not archive it again.</summary>
    private void Pack(PendingTar tar, string name, byte[] content)
    {
        var now = _time.GetUtcNow();
        tar.WriteFile(new TarEntry(name, TarEntryType.File, content.Length, 0b110_000_000, now), content);
        tar.WriteFile(new TarEntry($"archive_status/{name}.done", TarEntryType.File, 0, 0b110_000_000, now), []);
    }

    private async Task<byte[]> WaitAsync(string name, CancellationToken cancellationToken)
    {
        await _watch.WaitAsync(name, cancellationToken);
        _ = WalFileName.TryParse(name, out var file);
        return await _archive.ReadAsync(file!, cancellationToken)
            ?? throw new PgkeepException(ErrorKind.WalMissing, $"\"{_archive.Describe(name)}\" was there a moment ago and is gone");
    }
}
