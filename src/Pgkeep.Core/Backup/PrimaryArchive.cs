using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>What the primary of a standby that is backed up archives into this repository, and what that means for the backup.</summary>
internal sealed class PrimaryArchive
{
    private readonly WalArchive _archive;
    private readonly ArchiveWatch _watch;
    private readonly TimeSpan _patience;
    private readonly Action<string> _tell;

    /// <param name="patience">How long the watch waits, for messages.</param>
    public PrimaryArchive(WalArchive archive, ArchiveWatch watch, TimeSpan patience, Action<string> tell)
    {
        _archive = archive;
        _watch = watch;
        _patience = patience;
        _tell = tell;
    }

    /// <summary>
    /// Whether the primary archives here at all. It has finished every segment before the last, so those must come; where the backup has but one,
    /// the segment before it must be there.
    /// </summary>
    public async Task<bool> IsArchivingAsync(BackupMetadata copied, WalSegmentSize size, CancellationToken cancellationToken)
    {
        var isFound = await _archive.FindAsync(copied.StopWal.ToString(), cancellationToken) is not null;
        if (isFound && copied.StartWal == copied.StopWal)
        {
            return true;
        }

        var first = copied.StartWal == copied.StopWal ? copied.StartWal.Previous(size) : copied.StartWal;
        for (var segment = first; segment.CompareTo(copied.StopWal) < 0; segment = segment.Next(size))
        {
            if (!await _watch.TryWaitAsync(segment.ToString(), cancellationToken))
            {
                if (isFound)
                {
                    _tell($"WARNING: the archive does not have {segment} yet; no moment after this backup can be restored before it has");
                }

                return isFound;
            }

            isFound = true;
        }

        return true;
    }

    public void TellNothingArchived(BackupMetadata copied) => _tell(
        $"Nothing of this backup's WAL was archived within {_patience.TotalSeconds:0} s: this backup restores to its own end, {copied.Stopped:HH:mm:ss}, and to no later moment");

    public async Task TellWhatIsMissingAsync(BackupMetadata copied, CancellationToken cancellationToken)
    {
        if (await _archive.FindAsync(copied.StopWal.ToString(), cancellationToken) is null)
        {
            _tell($"Later moments wait for {copied.StopWal}: the primary archives it when it is full or switched");
        }
    }
}
