using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Targets;

namespace Pgkeep.Repository;

/// <summary>The segments that a recovery would find, wherever they are: in the archive, with a receiver, in the old server's <c>pg_wal</c>, in the backup.</summary>
internal sealed class RecoverableWal
{
    private readonly WalArchive _archive;
    private readonly WalInventory _inventory;
    private readonly IReadOnlySet<WalSegmentName> _ofBackup;
    private readonly ILookup<WalSegmentName, string> _plain;

    /// <param name="ofBackup">That the backup has as a whole, and that cannot be read here.</param>
    /// <param name="plain">Paths of what lies outside the archive.</param>
    public RecoverableWal(
        WalArchive archive, WalInventory inventory, RepositoryIdentity identity, IReadOnlySet<WalSegmentName> ofBackup, IEnumerable<(WalSegmentName Segment, string Path)> plain)
    {
        (_archive, _inventory, Identity, _ofBackup) = (archive, inventory, identity, ofBackup);
        _plain = plain.ToLookup(file => file.Segment, file => file.Path);
    }

    public RepositoryIdentity Identity { get; }

    public bool CanRead(WalSegmentName segment) => _inventory.Contains(segment) ? IsFile(segment) : _plain.Contains(segment);

    public string Describe(WalSegmentName segment) => _inventory.Contains(segment) ? _archive.Describe(segment.ToString()) : _plain[segment].FirstOrDefault() ?? segment.ToString();

    /// <summary>Up to where a segment goes; null where none is there.</summary>
    public Lsn? FindEnd(WalSegmentName segment)
    {
        var size = Identity.WalSegmentSize;
        return _inventory.Contains(segment) || _ofBackup.Contains(segment)
            ? segment.StartLsn(size) + size.Bytes
            : _plain[segment].Select(path => Measure(segment, path)).Max();
    }

    /// <summary>Whether the server had finished a segment before a moment, by its own clock. False where nobody wrote that down: it is one of the last.</summary>
    public async ValueTask<bool> IsOlderAsync(WalSegmentName segment, DateTimeOffset moment, CancellationToken cancellationToken) =>
        _ofBackup.Contains(segment) && !CanRead(segment) ? true
        : _inventory.Find(segment.ToString()) is { } stored && await _archive.ReadWrittenAtAsync(stored, cancellationToken) < moment;

    /// <summary>Hands out a segment's plain content. Damage of what is stored is thrown as RepositoryCorrupt.</summary>
    /// <returns>False where it is not there.</returns>
    public async ValueTask<bool> TryReadAsync(WalSegmentName segment, Action<Stream> read, CancellationToken cancellationToken)
    {
        if (_inventory.Find(segment.ToString()) is { } stored && await _archive.OpenStoredAsync(stored, cancellationToken) is { } file)
        {
            await using (file)
            {
                var path = _archive.Describe(segment.ToString());
                await using var content = StoredWalStream.Open(file, stored.Stored.Name, path);
                if (content.Identity is { } identity && identity.Name != segment.ToString())
                {
                    throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{path}\" was stored as \"{identity.Name}\"", "pgkeep verify --wal reads the whole archive and names everything that is wrong with it");
                }

                read(content);
                return true;
            }
        }

        // Of several, the one that goes on furthest is what a recovery gets.
        foreach (var path in _plain[segment].OrderByDescending(path => Measure(segment, path)))
        {
            using var plain = WalContent.TryOpen(path);
            if (plain is not null)
            {
                await using var content = plain.OpenStream();
                read(content);
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether a recovery to a moment ends at a record before a position. False also where the segment cannot be read, which only a recovery that needs it has
    /// to mind.
    /// </summary>
    public async ValueTask<bool> HasStopAsync(WalSegmentName segment, Lsn until, RecoveryTarget target, CancellationToken cancellationToken)
    {
        var visitor = new RecoveryStopVisitor(target, segment.StartLsn(Identity.WalSegmentSize), near: 0);
        try
        {
            var records = new RecoverableRecords(this, _ => segment);
            var number = segment.Number(Identity.WalSegmentSize);
            await records.ReadAsync(number, number, visitor, cancellationToken);
        }
        catch (PgkeepException)
        {
            return false;
        }

        return visitor.Stop is { } stop && stop.Record < until;
    }

    /// <summary>A name in an archive may be anything, and a pipe is no reason for a plan to wait.</summary>
    private bool IsFile(WalSegmentName segment) => FileStatus.OfTarget(_archive.Describe(_inventory.Find(segment.ToString())!.Stored.Name)) is not { Type: not FileType.Regular };

    private Lsn? Measure(WalSegmentName segment, string path)
    {
        using var content = WalContent.TryOpen(path);
        return content is not null && WalSegmentExtent.TryMeasure(content.Length, content.Read, segment, Identity.WalSegmentSize, Identity.SystemIdentifier, out var extent) ? extent.End : null;
    }
}
