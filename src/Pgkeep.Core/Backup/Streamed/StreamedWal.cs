using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Streams;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup.Streamed;

/// <summary>
/// The WAL that the server sends behind the files (<c>-X fetch</c>), segment by segment into <c>pg_wal.tar.gz</c>: each is checked against its name
/// and the cluster, and none may be missing between the backup's start and its stop.
/// </summary>
internal sealed class StreamedWal
{
    private const int LargestHistory = 1024 * 1024;

    private readonly PendingTar _tar;
    private readonly SystemIdentifier _identifier;
    private readonly WalSegmentSize _size;
    private readonly TimeProvider _time;
    private readonly Dictionary<WalSegmentName, Sha256Digest> _segments = [];
    private readonly SortedDictionary<TimelineId, StreamedHistory> _histories = [];
    private readonly HashSet<WalSegmentName> _others = [];
    private WalSegmentName _next;
    private bool _isFromStandby;
    private HeldSegment? _held;
    private WalTar? _wal;

    public StreamedWal(PendingTar tar, SystemIdentifier identifier, WalSegmentSize size, TimeProvider time)
    {
        _tar = tar;
        _identifier = identifier;
        _size = size;
        _time = time;
    }

    /// <summary>Those that the server had, for an archive that lacks one.</summary>
    public IReadOnlyDictionary<TimelineId, StreamedHistory> Histories => _histories;

    /// <summary>That the server sent of other timelines than the backup's: it sends every segment of the backup's range of WAL.</summary>
    public IReadOnlySet<WalSegmentName> Others => _others;

    private WalTar Wal => _wal ?? throw new PgkeepException(ErrorKind.ServerUnsuitable, "the server sent WAL before the backup_label");

    public void Begin(BackupLabel label)
    {
        _next = WalSegmentName.FromLsn(label.StartTimeline, label.StartLsn, _size);
        _isFromStandby = label.IsFromStandby;
        _wal = new WalTar(_tar, _time);
    }

    /// <param name="entry">With its name in <c>pg_wal</c>. The mark that the server adds to each file is made anew, and other timelines' segments are not the backup's.</param>
    public void Add(TarEntry entry, TarReader tar)
    {
        if (!WalFileName.TryParse(entry.Name, out var file))
        {
            return;
        }

        if (file.Kind == WalFileKind.History)
        {
            _histories[file.Timeline] = new StreamedHistory(Read(entry, LargestHistory, tar), entry.Modified);
        }
        else if (file is { Kind: WalFileKind.Segment, Segment: { } segment })
        {
            if (segment.Timeline == _next.Timeline)
            {
                AddSegment(segment, Read(entry, _size.Bytes, tar));
                return;
            }

            _others.Add(segment);
        }
    }

    /// <summary>Null for a segment that a standby had a part of only.</summary>
    public Sha256Digest? DigestOf(WalSegmentName segment) => _segments.TryGetValue(segment, out var digest) ? digest : null;

    /// <summary>Once the stop is known.</summary>
    public void Complete(WalSegmentName last, Lsn stop)
    {
        if (_held is { } held && held.Name == last)
        {
            PackPart(held, stop);
        }

        if (_next != last.Next(_size))
        {
            throw new PgkeepException(ErrorKind.WalMissing, $"the server sent its WAL up to before \"{_next}\", and the backup ends in \"{last}\"");
        }

        if (last.Timeline > TimelineId.First)
        {
            var name = ArchivingProof.HistoryOf(last.Timeline);
            Wal.Add(name, _histories.TryGetValue(last.Timeline, out var history)
                ? history.Content
                : throw new PgkeepException(ErrorKind.WalMissing, $"the server did not send \"{name}\", which tells where its timeline begins"));
        }

        Wal.Complete();
    }

    private void AddSegment(WalSegmentName segment, byte[] content)
    {
        if (segment != _next)
        {
            throw new PgkeepException(ErrorKind.WalMissing, $"the server sent \"{segment}\" where \"{_next}\" must follow");
        }

        if (!WalSegmentContent.TryCheck(content, segment, out var found, out var problem))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"the server's \"{segment}\" {problem}");
        }

        if (found.SystemIdentifier != _identifier)
        {
            throw new PgkeepException(ErrorKind.RepositoryMismatch, $"the server's \"{segment}\" is of another cluster");
        }

        _next = segment.Next(_size);
        PackHeld();
        if (_isFromStandby)
        {
            // Which one is the last, the manifest tells, and that comes behind the WAL.
            _held = new HeldSegment(segment, content);
            return;
        }

        PackWhole(segment, content);
    }

    private void PackHeld()
    {
        if (_held is { } held)
        {
            PackWhole(held.Name, held.Content);
            _held = null;
        }
    }

    private void PackWhole(WalSegmentName segment, byte[] content)
    {
        _segments[segment] = Sha256Digest.Of(content);
        Wal.Add(segment.ToString(), content);
    }

    /// <summary>Behind the stop lies what the standby has received and may still give up, or what the file held before it was used again.</summary>
    private void PackPart(HeldSegment held, Lsn stop)
    {
        var written = (int)Math.Min(_size.Bytes, stop - held.Name.StartLsn(_size));
        held.Content.AsSpan(written).Clear();
        if (written == _size.Bytes)
        {
            PackHeld();
            return;
        }

        Wal.Add(held.Name.ToString(), held.Content);
        _held = null;
    }

    private static byte[] Read(TarEntry entry, long most, TarReader tar)
    {
        if (entry.Size > most)
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"the server's \"{entry.Name}\" has {entry.Size} bytes");
        }

        return tar.ReadAll();
    }
}

internal sealed record HeldSegment(WalSegmentName Name, byte[] Content);

/// <param name="Modified">By the server's clock: when its timeline began.</param>
internal sealed record StreamedHistory(byte[] Content, DateTimeOffset Modified);
