using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Repository;

namespace Pgkeep.Verify.Wal;

/// <summary>
/// Joins what was read of each segment by itself: a record that lies in several of them has its checksum, the first record of each names the last one of the
/// segment before, and where a timeline begins, the one that it comes from lies before.
/// </summary>
internal sealed class RecordChain
{
    private readonly IReadOnlyDictionary<WalSegmentName, SegmentRecords> _segments;
    private readonly WalCoverage _coverage;
    private readonly WalSegmentSize _size;
    private readonly Func<WalSegmentName, string> _describe;
    private readonly Dictionary<WalSegmentName, Joint> _joints = [];
    private readonly List<WalProblem> _problems = [];

    /// <param name="segments">Those in which nothing is wrong.</param>
    /// <param name="describe">The path of a segment, for messages.</param>
    public RecordChain(IReadOnlyDictionary<WalSegmentName, SegmentRecords> segments, WalCoverage coverage, WalSegmentSize size, Func<WalSegmentName, string> describe)
    {
        (_segments, _coverage, _size, _describe) = (segments, coverage, size, describe);
        foreach (var name in segments.Keys.OrderBy(name => name.Number(size)).ThenBy(name => name.Timeline))
        {
            Join(name, segments[name]);
        }
    }

    public IReadOnlyList<WalProblem> Problems => _problems;

    /// <param name="backups">Usable ones of the archive's cluster.</param>
    public IEnumerable<TimelineRecords> Timelines(IReadOnlyList<BackupMetadata> backups) => _coverage.Timelines.Select(timeline => Follow(timeline, backups)).OfType<TimelineRecords>();

    private TimelineRecords? Follow(TimelineId timeline, IReadOnlyList<BackupMetadata> backups)
    {
        var history = _coverage.HistoryOf(timeline);
        var backup = backups.Where(backup => history.Contains(backup.Timeline, backup.StopLsn)).MinBy(backup => backup.StartLsn);
        var last = _coverage.RunsOf(timeline)[^1].Last;
        var first = backup?.StartWal.Number(_size) ?? _coverage.RunsOf(timeline)[0].First;
        TimelineRecords? sound = null;
        for (var number = first; number <= last; number++)
        {
            var name = _coverage.Needed(history, number);
            if (!_joints.TryGetValue(name, out var joint) || (number > first && !joint.IsJoined))
            {
                return sound;
            }

            var segment = _segments[name];
            var from = backup?.StartLsn ?? segment.First?.Start ?? segment.End;
            sound ??= new TimelineRecords(timeline, from, backup?.Name, from, 0, null, ReachesEnd: false);
            sound = sound with
            {
                To = segment.IsInsideHead || segment.End < sound.From ? sound.To : segment.End,
                Count = sound.Count + segment.Count + (joint.EndedRecord ? 1 : 0),
                LastCommit = segment.LastCommit ?? joint.Commit ?? sound.LastCommit,
                ReachesEnd = number == last,
            };
        }

        return sound;
    }

    /// <summary>Compares a segment with the one before it, on its timeline or on the one that its timeline comes from.</summary>
    private void Join(WalSegmentName name, SegmentRecords segment)
    {
        var joint = new Joint { Last = segment.Last, Open = segment.Open };
        var number = name.Number(_size);
        var before = number > 0 ? _coverage.Needed(_coverage.HistoryOf(name.Timeline), number - 1) : name;
        if (number > 0 && _joints.TryGetValue(before, out var previous) && !_segments[before].IsUnfinished)
        {
            joint.IsJoined = true;
            Continue(name, segment, previous, joint);
            CompareFirst(name, segment, before, previous, joint);
        }

        _joints.Add(name, joint);
    }

    private void Continue(WalSegmentName name, SegmentRecords segment, Joint before, Joint joint)
    {
        if (before.Open is null)
        {
            if (segment.Head is not null && before.IsKnown)
            {
                Report(name, joint, WalDamage.Continuity, name.StartLsn(_size), "begins with the rest of a record, and none goes on from the segment before");
            }

            return;
        }

        var open = before.Open.Clone();
        if (segment.IsHeadOverwritten)
        {
            return;
        }

        if (segment.Head is not { } head || head.Total != open.Remaining)
        {
            Report(
                name,
                joint,
                WalDamage.Continuity,
                name.StartLsn(_size),
                $"begins with {(segment.Head is null ? "a record" : $"the last {segment.Head.Total} bytes of a record")}, and {open.Remaining} bytes are left of the one at {open.Start}");
            return;
        }

        head.AppendTo(open);
        if (open.Remaining > 0)
        {
            joint.Open = open;
            joint.Last = before.Last;
        }
        else if (!open.IsSound)
        {
            Report(name, joint, WalDamage.Record, open.Start, $"ends the record at {open.Start}, whose checksum does not fit: this segment is damaged, or the one in which it begins");
        }
        else
        {
            End(name, segment, before, joint, open);
        }
    }

    /// <summary>A record that began in a segment before is complete.</summary>
    private void End(WalSegmentName name, SegmentRecords segment, Joint before, Joint joint, WalRecordAssembly record)
    {
        if (before.Last is { } last && record.Header.Previous != last)
        {
            Report(name, joint, WalDamage.Chain, record.Start, $"ends the record at {record.Start}, which says that the one before it begins at {record.Header.Previous}, and it begins at {last}");
        }

        joint.EndedRecord = true;
        joint.LastBefore = record.Start;
        joint.Last ??= record.Start;
        if (segment.Format is { } format)
        {
            var whole = new WalRecord { Format = format, Header = record.Header, Start = record.Start, End = segment.End, Bytes = record.Held };
            joint.Commit = WalMoment.TryRead(whole, new WalRecordBody(), out var moment) && moment.IsCommit ? moment : null;
        }
    }

    private void CompareFirst(WalSegmentName name, SegmentRecords segment, WalSegmentName beforeName, Joint before, Joint joint)
    {
        joint.Last ??= before.Last;
        if (!joint.IsJoined || segment.First is not { } first || (joint.LastBefore ?? before.Last) is not { } last || first.Previous == last)
        {
            return;
        }

        var ended = _segments[beforeName];
        if (ended.EndsInZeros)
        {
            Report(beforeName, joint, WalDamage.Record, ended.End, $"has nothing from {ended.End} on, and in {name} goes on what was there");
        }
        else
        {
            Report(name, joint, WalDamage.Chain, first.Start, $"has a record at {first.Start} that says that the one before it begins at {first.Previous}, and it begins at {last}");
        }
    }

    private void Report(WalSegmentName name, Joint joint, WalDamage damage, Lsn position, string problem)
    {
        var path = _describe(name);
        joint.IsJoined = false;
        _problems.Add(new WalProblem(path, damage, position, $"\"{path}\" {problem}"));
    }

    /// <summary>Where a segment meets the one before it, and how it ends.</summary>
    private sealed class Joint
    {
        /// <summary>Whether it goes on where the segment before ends.</summary>
        public bool IsJoined { get; set; }

        /// <summary>Whether a record ends in it that began before.</summary>
        public bool EndedRecord { get; set; }

        /// <summary>That record.</summary>
        public Lsn? LastBefore { get; set; }

        /// <summary>Where it is a commit.</summary>
        public WalMoment? Commit { get; set; }

        /// <summary>The last record that has ended, in it or before; null where none is known.</summary>
        public Lsn? Last { get; set; }

        /// <summary>The record that has not.</summary>
        public WalRecordAssembly? Open { get; set; }

        /// <summary>Whether it is known that no record goes on behind it.</summary>
        public bool IsKnown => Last is not null;
    }
}
