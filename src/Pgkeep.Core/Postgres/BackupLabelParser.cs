namespace Pgkeep.Postgres;

/// <summary>Walks once over the text of a backup_label; the first line that is not what it should be ends the walk.</summary>
internal ref struct BackupLabelParser
{
    private const string FileOpening = " (file ";
    private const string TimelineKey = "START TIMELINE: ";
    private const string IncrementalLsnKey = "INCREMENTAL FROM LSN: ";
    private const string IncrementalTimelineKey = "INCREMENTAL FROM TLI: ";

    private ReadOnlySpan<char> _rest;

    public BackupLabelParser(string text)
    {
        _rest = text;
    }

    public string? Problem { get; private set; }

    public BackupLabel? Parse()
    {
        var (start, segment) = Start(Line("START WAL LOCATION: "));
        var label = new BackupLabel
        {
            StartLsn = start,
            StartSegment = segment,
            CheckpointLsn = Position(Line("CHECKPOINT LOCATION: ")),
            BackupMethod = Line("BACKUP METHOD: ").ToString(),
            BackupFrom = Line("BACKUP FROM: ").ToString(),
            StartTime = Line("START TIME: ").ToString(),
            Label = LabelText().ToString(),
            StartTimeline = Timeline(Line(TimelineKey)),
            IncrementalFrom = _rest.StartsWith(IncrementalLsnKey) ? Position(Line(IncrementalLsnKey)) : null,
            IncrementalFromTimeline = _rest.StartsWith(IncrementalTimelineKey) ? Timeline(Line(IncrementalTimelineKey)) : null,
        };
        Require(_rest.IsEmpty, $"an unknown line: \"{FirstLine(_rest)}\"");
        Require(label.StartTimeline == label.StartSegment.Timeline, "a start segment of another timeline");
        Require(label.IncrementalFrom.HasValue == label.IncrementalFromTimeline.HasValue, "half of the lines of an incremental backup");
        return Problem is null ? label : null;
    }

    private static ReadOnlySpan<char> FirstLine(ReadOnlySpan<char> text) => text.IndexOf('\n') is >= 0 and var end ? text[..end] : text;

    private void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            Problem ??= $"backup_label has {otherwise}";
        }
    }

    private ReadOnlySpan<char> Line(string key)
    {
        var end = _rest.IndexOf('\n');
        if (end < 0 || !_rest.StartsWith(key))
        {
            Require(false, $"no line \"{key.TrimEnd()}\" where it should be");
            return default;
        }

        var content = _rest[key.Length..end];
        _rest = _rest[(end + 1)..];
        return content;
    }

    // A label may hold line ends, even a line that looks like the next one, so it ends where the last such line begins.
    private ReadOnlySpan<char> LabelText()
    {
        const string Key = "LABEL: ";
        var end = _rest.LastIndexOf("\n" + TimelineKey);
        if (end < Key.Length || !_rest.StartsWith(Key))
        {
            Require(false, "no label and start timeline where they should be");
            return default;
        }

        var content = _rest[Key.Length..end];
        _rest = _rest[(end + 1)..];
        return content;
    }

    private (Lsn Position, WalSegmentName Segment) Start(ReadOnlySpan<char> content)
    {
        var segment = default(WalSegmentName);
        var afterPosition = content.IndexOf(FileOpening);
        var complete = afterPosition >= 0
            && content[^1] == ')'
            && WalSegmentName.TryParse(content[(afterPosition + FileOpening.Length)..^1], out segment);
        Require(complete, $"the start location \"{content}\"");
        return (complete ? Position(content[..afterPosition]) : default, segment);
    }

    private Lsn Position(ReadOnlySpan<char> content)
    {
        Require(Lsn.TryParse(content, out var position), $"the location \"{content}\"");
        return position;
    }

    private TimelineId Timeline(ReadOnlySpan<char> content)
    {
        Require(Digits.TryParsePositive(content, out var timeline), $"the timeline \"{content}\"");
        return new TimelineId(timeline);
    }
}
