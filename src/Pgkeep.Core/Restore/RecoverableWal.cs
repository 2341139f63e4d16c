using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>The segments that a recovery would find, wherever they are: in the archive, with a receiver, in the old server's <c>pg_wal</c>, in the backup.</summary>
internal sealed class RecoverableWal
{
    private readonly WalArchive _archive;
    private readonly WalInventory _inventory;
    private readonly RepositoryIdentity _identity;
    private readonly IReadOnlySet<WalSegmentName> _ofBackup;
    private readonly ILookup<WalSegmentName, string> _plain;

    /// <param name="ofBackup">That the backup has as a whole.</param>
    public RecoverableWal(
        WalArchive archive,
        WalInventory inventory,
        RepositoryIdentity identity,
        IReadOnlySet<WalSegmentName> ofBackup,
        IEnumerable<UnarchivedFile> unarchived,
        IEnumerable<ReceivedSegment> received)
    {
        (_archive, _inventory, _identity, _ofBackup) = (archive, inventory, identity, ofBackup);
        _plain = unarchived.Where(file => file.Name.Segment is not null).Select(file => (Name: file.Name.Segment!.Value, file.Path))
            .Concat(received.Select(segment => (segment.Name, segment.Path)))
            .ToLookup(file => file.Name, file => file.Path);
    }

    /// <summary>Up to where a segment goes; null where none is there.</summary>
    public Lsn? FindEnd(WalSegmentName segment)
    {
        var size = _identity.WalSegmentSize;
        return _inventory.Contains(segment) || _ofBackup.Contains(segment)
            ? segment.StartLsn(size) + size.Bytes
            : _plain[segment].Select(path => Measure(segment, path)).Max();
    }

    /// <summary>
    /// Whether a record before a position has a time later than the target: a recovery to it ends there, or earlier. False also where the segment cannot be read, which only
    /// a recovery that needs it has to mind.
    /// </summary>
    public async ValueTask<bool> HasLaterMomentAsync(WalSegmentName segment, Lsn until, DateTimeOffset target, CancellationToken cancellationToken)
    {
        var visitor = new MomentVisitor(target, until);
        try
        {
            if (_inventory.Find(segment.ToString()) is { } stored && await _archive.OpenStoredAsync(stored, cancellationToken) is { } file)
            {
                await using var content = StoredWalStream.Open(file, stored.Stored.Name, _archive.Describe(segment.ToString()));
                return visitor.IsFoundIn(segment, content, _identity, cancellationToken);
            }

            foreach (var path in _plain[segment])
            {
                using var plain = WalContent.TryOpen(path);
                await using var content = plain?.OpenStream();
                if (content is not null && visitor.IsFoundIn(segment, content, _identity, cancellationToken))
                {
                    return true;
                }
            }
        }
        catch (PgkeepException)
        {
            return false;
        }

        return false;
    }

    private Lsn? Measure(WalSegmentName segment, string path)
    {
        using var content = WalContent.TryOpen(path);
        return content is not null && WalSegmentExtent.TryMeasure(content.Length, content.Read, segment, _identity.WalSegmentSize, _identity.SystemIdentifier, out var extent) ? extent.End : null;
    }

    private sealed class MomentVisitor(DateTimeOffset target, Lsn until) : IWalRecordVisitor
    {
        /// <summary>Of a record that goes on on another page: enough for its header and the time of a commit.</summary>
        private const int HeldLength = 64;

        private readonly WalRecordBody _body = new();
        private bool _isFound;

        public bool IsFoundIn(WalSegmentName segment, Stream content, RepositoryIdentity identity, CancellationToken cancellationToken)
        {
            new WalScan(identity.WalSegmentSize, identity.SystemIdentifier, HeldLength).Read(segment, content, this, cancellationToken);
            return _isFound;
        }

        public bool Visit(in WalRecord record)
        {
            _isFound = record.Start < until && WalMoment.TryGetKind(record.Header, out var kind) && kind != WalMomentKind.RestorePoint
                && WalMoment.TryRead(record, _body, out var moment) && moment.Time > target;
            return !_isFound && record.Start < until;
        }
    }
}
