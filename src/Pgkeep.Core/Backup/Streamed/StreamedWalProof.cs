using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Streams;

namespace Pgkeep.Backup.Streamed;

/// <summary>
/// Shows that the server archives into this repository: early, that a segment which ended as the backup began arrives, and at the end, that every
/// segment of the backup is there with the content that the server sent. Without that no moment after the backup could be restored.
/// </summary>
internal sealed class StreamedWalProof
{
    private readonly StreamPlan _plan;
    private readonly ArchiveStores _stores;
    private readonly ArchiveWatch _watch;
    private readonly Action<string> _tell;

    public StreamedWalProof(StreamPlan plan, ArchiveStores stores, ArchiveWatch watch, Action<string> tell)
    {
        _plan = plan;
        _stores = stores;
        _watch = watch;
        _tell = tell;
    }

    /// <param name="before">The server's position before the backup began.</param>
    /// <param name="members">Where the server will say where it began.</param>
    public async Task RequireArchivingAsync(Lsn before, StreamedMembers members, CancellationToken cancellationToken)
    {
        var label = await members.WaitForLabelAsync(cancellationToken);
        if (label.IsFromStandby)
        {
            return; // Its primary archives, and ends segments when it will.
        }

        var first = WalSegmentName.FromLsn(label.StartTimeline, label.StartLsn, _plan.WalSegmentSize);
        if (first.CompareTo(WalSegmentName.FromLsn(label.StartTimeline, before, _plan.WalSegmentSize)) > 0)
        {
            await _watch.WaitAsync(first.Previous(_plan.WalSegmentSize).ToString(), cancellationToken);
            return;
        }

        _tell("Archiving is not tried before the copy: no segment ended when the backup began");
    }

    public async Task RequireArchivedAsync(StreamedWal wal, BackupMetadata backup, int level, CancellationToken cancellationToken)
    {
        var missing = new MissingHistory(_stores.Archive, _plan.Server.SystemIdentifier, level, _tell);
        foreach (var (timeline, history) in wal.Histories.Where(history => history.Key <= backup.Timeline))
        {
            await missing.StoreAsync(timeline, () => (history.Content, history.Modified), cancellationToken);
        }

        for (var segment = backup.StartWal; segment.CompareTo(backup.StopWal) <= 0; segment = segment.Next(_plan.WalSegmentSize))
        {
            var name = segment.ToString();
            if (backup.EndsInPart)
            {
                if (wal.DigestOf(segment) is null || await _stores.Archive.FindAsync(name, cancellationToken) is null)
                {
                    continue; // What the primary has not archived yet has been told.
                }
            }
            else
            {
                await _watch.WaitAsync(name, cancellationToken);
            }

            if (await ReadDigestAsync(name, cancellationToken) != wal.DigestOf(segment))
            {
                throw new PgkeepException(
                    ErrorKind.WalConflict,
                    $"the archived \"{_stores.Archive.Describe(name)}\" is not the \"{name}\" that the server sent",
                    "another server may archive here: a copy of this one, started with archiving on");
            }
        }

        if (backup.Timeline > TimelineId.First)
        {
            await _watch.WaitAsync(ArchivingProof.HistoryOf(backup.Timeline), cancellationToken);
        }
    }

    private async ValueTask<Sha256Digest> ReadDigestAsync(string name, CancellationToken cancellationToken)
    {
        _ = WalFileName.TryParse(name, out var file);
        var stored = await _stores.Archive.FindSoundAsync(file!, cancellationToken)
            ?? throw new PgkeepException(ErrorKind.WalMissing, $"\"{_stores.Archive.Describe(name)}\" was there a moment ago and is gone");
        await using var hashing = new HashingStream(Stream.Null);
        await _stores.Archive.CopyAsync(stored, file!, hashing, cancellationToken);
        return hashing.Digest;
    }
}
