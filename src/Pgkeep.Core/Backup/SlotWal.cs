using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>
/// The WAL of a server that does not archive it itself, out of its own <c>pg_wal</c>, where a temporary replication slot keeps it. Such a backup is
/// consistent by itself; it leads further only where, as with a standby, another server archives what follows.
/// </summary>
internal sealed class SlotWal : IBackupWal
{
    /// <summary>Read, checked and packed at a time, so that a segment of 1 GB takes no more memory than one of 1 MB.</summary>
    private const int PieceLength = 1024 * 1024;

    private readonly BackupSettings _settings;
    private readonly ArchiveStores _stores;
    private readonly ArchiveWatch _watch;
    private readonly ServerConnection _connection;
    private readonly BackupPlan _plan;
    private readonly ArchivingProof _histories;
    private readonly PrimaryArchive _primary;
    private readonly Action<string> _tell;
    private WalSlot? _slot;

    public SlotWal(
        BackupSettings settings, ArchiveStores stores, ArchiveWatch watch, ServerConnection connection, BackupPlan plan, ArchivingProof histories, Action<string> tell)
    {
        _settings = settings;
        _stores = stores;
        _watch = watch;
        _connection = connection;
        _plan = plan;
        _histories = histories;
        _primary = new PrimaryArchive(stores.Archive, watch, settings.ArchiveWait, tell);
        _tell = tell;
    }

    private bool IsStandby => _plan.Server.IsInRecovery;

    public async Task<string?> BeginAsync(CancellationToken cancellationToken)
    {
        _slot = await WalSlot.CreateAsync(_connection, cancellationToken);
        return _slot.Name;
    }

    public Task RequireAsync(Lsn start, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<BackupMetadata> PackAsync(BackupMetadata copied, WalTar tar, CancellationToken cancellationToken)
    {
        var isArchived = IsStandby && await _primary.IsArchivingAsync(copied, _plan.Control.WalSegmentSize, cancellationToken);
        for (var segment = copied.StartWal; segment.CompareTo(copied.StopWal) <= 0; segment = segment.Next(_plan.Control.WalSegmentSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (isArchived && await _stores.Archive.FindAsync(segment.ToString(), cancellationToken) is not null)
            {
                await new WalProof(_stores.Archive, _watch).PackAsync(_plan, segment, tar, cancellationToken);
            }
            else
            {
                PackOwn(segment, copied, tar, cancellationToken);
            }
        }

        if (copied.Timeline > TimelineId.First)
        {
            await PackHistoryAsync(copied.Timeline, isArchived, tar, cancellationToken);
        }

        if (IsStandby)
        {
            _ = await StandbyState.ReadAsync(_connection, cancellationToken);
        }

        await _slot!.RequireKeptAsync(cancellationToken);
        await TellAsync(copied, isArchived, cancellationToken);
        return copied with { Wal = isArchived ? BackupMetadata.WalFromArchive : BackupMetadata.WalFromSlot };
    }

    private void PackOwn(WalSegmentName segment, BackupMetadata copied, WalTar tar, CancellationToken cancellationToken)
    {
        var name = $"pg_wal/{segment}";
        using var content = _plan.Files.TryOpen(name)
            ?? throw new PgkeepException(ErrorKind.WalMissing, $"the server's \"{name}\" is gone, though its replication slot should keep it", "take the backup again");
        var size = _plan.Control.WalSegmentSize;
        if (content.Size != size.Bytes)
        {
            throw Invalid(name, $"has {content.Size} bytes, and a segment has {size.Bytes}");
        }

        // Behind what a standby has replayed may lie what it has received, or what a segment that is used again held before.
        var written = IsStandby && segment == copied.StopWal ? (long)(copied.StopLsn - segment.StartLsn(size)) : size.Bytes;
        var check = new WalSegmentCheck(segment, size, _plan.Control.SystemIdentifier);
        var buffer = new byte[PieceLength];
        tar.Begin(segment.ToString(), size.Bytes);
        for (var offset = 0L; offset < size.Bytes; offset += PieceLength)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Fill(content, buffer, offset, name);
            if (written - offset < PieceLength)
            {
                buffer.AsSpan((int)Math.Max(0, written - offset)).Clear();
            }

            if (!check.TryAdd(buffer, (int)_plan.Control.WalBlockSize, out var problem))
            {
                throw Invalid(name, problem);
            }

            tar.Write(buffer);
        }

        if (written < size.Bytes && check.End < copied.StopLsn)
        {
            throw Invalid(name, $"ends at {check.End}, and the standby has replayed WAL up to {copied.StopLsn}");
        }
    }

    private static void Fill(Sources.IFileContent content, byte[] buffer, long offset, string name)
    {
        for (var filled = 0; filled < buffer.Length;)
        {
            var read = content.Read(buffer.AsSpan(filled), offset + filled);
            filled += read > 0 ? read : throw Invalid(name, $"ends after {offset + filled} bytes");
        }
    }

    private static PgkeepException Invalid(string name, string problem) =>
        new(ErrorKind.WalInvalid, $"the server's \"{name}\" {problem}", "take the backup again; if it stays, look for the disk's errors in the system's log");

    /// <summary>A server keeps the histories for ever, and no recovery on a later timeline begins without its own.</summary>
    private async Task PackHistoryAsync(TimelineId timeline, bool isArchived, WalTar tar, CancellationToken cancellationToken)
    {
        if (isArchived)
        {
            await _histories.StoreMissingHistoriesAsync(timeline, _settings.Compression.GzipLevel, cancellationToken);
        }

        var name = ArchivingProof.HistoryOf(timeline);
        _ = WalFileName.TryParse(name, out var file);
        var content = _plan.Files.TryRead($"pg_wal/{name}") ?? await _stores.Archive.ReadAsync(file!, cancellationToken);
        if (content is null)
        {
            throw new PgkeepException(ErrorKind.WalMissing, $"the server's \"pg_wal/{name}\" is missing: no recovery finds its way on timeline {timeline} without it");
        }

        if (!TimelineHistory.TryParse(timeline, Encoding.UTF8.GetString(content), out _, out var problem))
        {
            throw Invalid($"pg_wal/{name}", problem);
        }

        tar.Add(name, content);
    }

    private async Task TellAsync(BackupMetadata copied, bool isArchived, CancellationToken cancellationToken)
    {
        if (isArchived)
        {
            await _primary.TellWhatIsMissingAsync(copied, cancellationToken);
        }
        else if (IsStandby)
        {
            _primary.TellNothingArchived(copied);
        }
        else
        {
            _tell($"No archiving ({_plan.Server.WhyNoArchiving}): this backup restores to its own end, {copied.Stopped:HH:mm:ss}, and to no later moment");
        }
    }
}
