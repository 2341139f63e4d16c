using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Streams;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup.Streamed;

/// <summary>
/// The WAL that the server sends behind the files (<c>-X fetch</c>), segment by segment into <c>pg_wal.tar.gz</c>: each is checked against its name
/// and the cluster, and none may be missing between the backup's start and its stop.
/// </summary>
internal sealed class StreamedWal : IDisposable
{
    private const int LargestHistory = 1024 * 1024;
    private const int PieceLength = 256 * 1024;

    private readonly PendingTar _tar;
    private readonly SystemIdentifier _identifier;
    private readonly WalSegmentSize _size;
    private readonly string _heldPath;
    private readonly TimeProvider _time;
    private readonly Dictionary<WalSegmentName, Sha256Digest> _segments = [];
    private readonly SortedDictionary<TimelineId, StreamedHistory> _histories = [];
    private readonly HashSet<WalSegmentName> _others = [];
    private WalSegmentName _next;
    private bool _isFromStandby;
    private HeldSegment? _held;
    private WalSegmentName? _heldName;
    private WalTar? _wal;

    /// <param name="heldPath">For a file without a name, where a standby's segment waits until it is known to be the last or not.</param>
    public StreamedWal(PendingTar tar, SystemIdentifier identifier, WalSegmentSize size, string heldPath, TimeProvider time)
    {
        _tar = tar;
        _identifier = identifier;
        _size = size;
        _heldPath = heldPath;
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
                AddSegment(segment, entry, tar);
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
        if (_heldName == last)
        {
            PackLast(last, stop);
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

    public void Dispose() => _held?.Dispose();

    private void AddSegment(WalSegmentName segment, TarEntry entry, TarReader tar)
    {
        if (segment != _next)
        {
            throw new PgkeepException(ErrorKind.WalMissing, $"the server sent \"{segment}\" where \"{_next}\" must follow");
        }

        if (entry.Size != _size.Bytes)
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"the server's \"{segment}\" has {entry.Size} bytes, and a segment has {_size.Bytes}");
        }

        _next = segment.Next(_size);
        PackHeld();
        using var content = new TarMemberStream(tar);
        if (_isFromStandby)
        {
            // Which one is the last, the manifest tells, and that comes behind the WAL.
            _held ??= new HeldSegment(_heldPath);
            _held.Hold(content);
            _heldName = segment;
            return;
        }

        PackWhole(segment, packed => content.CopyTo(packed, PieceLength));
    }

    private void PackHeld()
    {
        if (_heldName is { } held)
        {
            PackWhole(held, packed => _held!.CopyTo(packed, _size.Bytes)); // it has a name since it was made
            _heldName = null;
        }
    }

    private void PackWhole(WalSegmentName segment, Action<Stream> copy)
    {
        using var packed = Open(segment);
        using var hashing = new HashingStream(packed);
        copy(hashing);
        packed.Complete();
        _segments[segment] = hashing.Digest;
    }

    /// <summary>Behind the stop lies what the standby has received and may still give up, or what the file held before it was used again.</summary>
    private void PackLast(WalSegmentName segment, Lsn stop)
    {
        var written = (long)(stop - segment.StartLsn(_size));
        if (written >= _size.Bytes)
        {
            PackHeld();
            return;
        }

        using var packed = Open(segment);
        _held!.CopyTo(packed, written); // as above
        var zeros = new byte[PieceLength];
        for (var left = _size.Bytes - written; left > 0; left -= Math.Min(left, zeros.Length))
        {
            packed.Write(zeros.AsSpan(0, (int)Math.Min(left, zeros.Length)));
        }

        packed.Complete();
        _heldName = null;
    }

    private PackedSegment Open(WalSegmentName segment) => new(Wal, segment, _size, _identifier, $"the server's \"{segment}\"");

    private static byte[] Read(TarEntry entry, long most, TarReader tar)
    {
        if (entry.Size > most)
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"the server's \"{entry.Name}\" has {entry.Size} bytes");
        }

        return tar.ReadAll();
    }
}

/// <param name="Modified">By the server's clock: when its timeline began.</param>
internal sealed record StreamedHistory(byte[] Content, DateTimeOffset Modified);
