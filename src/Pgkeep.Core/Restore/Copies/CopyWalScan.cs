using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;

namespace Pgkeep.Restore.Copies;

/// <summary>
/// Reads every record that a copy will replay, from the backup's start on: what only the backup has, too. No index of a segment is asked, since none tells of the records that matter here.
/// </summary>
internal sealed class CopyWalScan
{
    private readonly StoredBackup _backup;
    private readonly BackupMetadata _metadata;
    private readonly RestoreWal _wal;
    private readonly WalSegmentSize _size;

    public CopyWalScan(StoredBackup backup, BackupMetadata metadata, RestoreWal wal)
    {
        (_backup, _metadata, _wal) = (backup, metadata, wal);
        _size = new WalSegmentSize(metadata.Cluster.WalSegmentSize);
    }

    /// <summary>Up to where records are replayed: the first that begins there or behind it is not. Null for all there are.</summary>
    private Lsn? Until => _wal.End switch
    {
        { Stop: { IsReplayed: false } stop } => stop.Record,
        { NeededUntil: { } end } => end,
        _ => _wal.Path.Until,
    };

    public async ValueTask<CopyWal> ReadAsync(CancellationToken cancellationToken)
    {
        var until = Until;
        var visitor = new CopyWalVisitor(_metadata.StartLsn, until);
        var scan = new WalScan(_size, _metadata.Cluster.SystemIdentifier, RecoveryStopVisitor.HeldLength);
        using var own = new OwnSegments(_backup, _metadata);
        var last = until is { } end ? Math.Min(_wal.Path.Last, (end.Value - 1) / _size.Bytes) : _wal.Path.Last;
        for (var number = _metadata.StartWal.Number(_size); number <= last; number++)
        {
            var goesOn = false;
            var segment = await ReadAsync(number, own, (name, content) => goesOn = scan.Read(name, content, visitor, cancellationToken), cancellationToken);
            if (!goesOn)
            {
                RequireEnd(scan.Stop, segment, number, last);
                break;
            }
        }

        return visitor.Last is { } found
            ? new CopyWal(found, visitor.Limits) { Created = visitor.Created, CustomManager = visitor.CustomManager }
            : throw new PgkeepException(ErrorKind.WalInvalid, $"there is no WAL record at {_metadata.StartLsn}, where {_metadata.Name} begins", "nothing was changed; pgkeep verify --wal reads the whole archive");
    }

    private async ValueTask<WalSegmentName> ReadAsync(ulong number, OwnSegments own, Action<WalSegmentName, Stream> read, CancellationToken cancellationToken)
    {
        if (_wal.Path.Find(number) is { } found && _wal.Path.Wal.CanRead(found) && await _wal.Path.Wal.TryReadAsync(found, content => read(found, content), cancellationToken))
        {
            return found;
        }

        var segment = WalSegmentName.FromNumber(_metadata.Timeline, number, _size);
        return own.TryRead(segment, content => read(segment, content)) ? segment : throw new PgkeepException(
            ErrorKind.WalMissing, $"\"{_wal.Path.Wal.Describe(segment)}\" is missing", "nothing was changed; pgkeep wal tells which moments can be restored");
    }

    /// <summary>Where the records end in the last segment, so does the recovery; before that it would not come to its end.</summary>
    private void RequireEnd(WalStop? stop, WalSegmentName segment, ulong number, ulong last)
    {
        if (stop is not null && number < last)
        {
            throw new PgkeepException(
                ErrorKind.WalInvalid,
                $"\"{_wal.Path.Wal.Describe(segment)}\" {stop.Problem}, and no recovery gets across that",
                "nothing was changed",
                "pgkeep verify --wal reads the whole archive and names everything that is wrong with it");
        }
    }
}
