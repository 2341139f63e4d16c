using System.Diagnostics.CodeAnalysis;

namespace Pgkeep.Postgres;

/// <summary>
/// How a timeline came to be: its ancestors, oldest first, each with the position at which the next one took over. It says which
/// timeline's WAL leads to a position.
/// </summary>
/// <remarks>
/// Switch points can run backwards. When a cluster recovers along timeline 2 but stops before the position where 2 left 1, the new
/// timeline 3 has the lines "1 0/80000F8" and "2 0/7026648" (seen with PostgreSQL 15). Timeline 2 then contributes nothing, and 1 counts
/// only up to the lower position. Begin and end as given here take account of that; PostgreSQL gets the same from searching
/// newest first.
/// </remarks>
// PostgreSQL src/backend/access/transam/timeline.c, readTimeLineHistory, tliOfPointInHistory, tliSwitchPoint
internal sealed record TimelineHistory(TimelineId Timeline, IReadOnlyList<TimelineSwitch> Switches)
{
    /// <summary>The history of a timeline without ancestors, which has no history file.</summary>
    public static TimelineHistory Initial(TimelineId timeline) => new(timeline, []);

    /// <summary>Reads a history file. Reasons are free text; the timelines must grow and stay below the file's own.</summary>
    public static bool TryParse(TimelineId timeline, string text, [NotNullWhen(true)] out TimelineHistory? value, out string problem)
    {
        value = null;
        problem = "";
        var switches = new List<TimelineSwitch>();
        var lines = text.AsSpan();

        // At line feeds only: a reason can hold the name of a restore point, and that any other character that ends lines elsewhere.
        foreach (var line in lines.Split('\n'))
        {
            var content = lines[line].Trim();
            if (content.IsEmpty || content[0] == '#')
            {
                continue;
            }

            if (!TryParseLine(content, out var entry))
            {
                problem = $"the history of timeline {timeline} has the line \"{content}\"";
                return false;
            }

            if (switches is [.., var last] && entry!.Timeline <= last.Timeline)
            {
                problem = $"the history of timeline {timeline} has {entry.Timeline} after {last.Timeline}";
                return false;
            }

            switches.Add(entry!);
        }

        if (switches is [.., var parent] && parent.Timeline >= timeline)
        {
            problem = $"the history of timeline {timeline} has {parent.Timeline} as its parent";
            return false;
        }

        value = new TimelineHistory(timeline, switches);
        return true;
    }

    /// <summary>The timeline whose WAL holds the byte at a position.</summary>
    public TimelineId TimelineAt(Lsn position)
    {
        for (var i = 0; i < Switches.Count; i++)
        {
            if (position < EndAt(i))
            {
                return Switches[i].Timeline;
            }
        }

        return Timeline;
    }

    /// <summary>Where a timeline's part of this history begins: 0/0 for the oldest, null when it has no part in it.</summary>
    public Lsn? BeginOf(TimelineId timeline)
    {
        var index = timeline == Timeline ? Switches.Count : IndexOf(timeline);
        return index < 0 ? null
            : index == 0 ? default(Lsn)
            : EndAt(index - 1);
    }

    /// <summary>Where a timeline's part of this history ends; null when it has not ended, or when it has no part in it.</summary>
    public Lsn? EndOf(TimelineId timeline)
    {
        var index = IndexOf(timeline);
        return index < 0 ? null : EndAt(index);
    }

    /// <summary>Whether it is one of the timelines, or comes from one.</summary>
    public bool GoesThroughAny(IReadOnlySet<TimelineId> timelines) => timelines.Contains(Timeline) || Switches.Any(past => timelines.Contains(past.Timeline));

    /// <summary>
    /// Whether a server at that position of that timeline can go on along this history. The end counts as inside: whoever has reached
    /// it has read nothing yet that is not common to both. A record that begins there does not.
    /// </summary>
    public bool Contains(TimelineId timeline, Lsn position) =>
        BeginOf(timeline) is { } begin && position >= begin && (EndOf(timeline) is not { } end || position <= end);

    private static bool TryParseLine(ReadOnlySpan<char> line, [NotNullWhen(true)] out TimelineSwitch? value)
    {
        value = null;
        var afterTimeline = line.IndexOfAny(' ', '\t');
        if (afterTimeline < 0 || !Digits.TryParseDecimal(line[..afterTimeline], out uint timeline) || timeline == 0)
        {
            return false;
        }

        var rest = line[afterTimeline..].TrimStart();
        var afterPosition = rest.IndexOfAny(' ', '\t');
        var position = afterPosition < 0 ? rest : rest[..afterPosition];
        if (!Lsn.TryParse(position, out var switchPoint))
        {
            return false;
        }

        value = new TimelineSwitch(new TimelineId(timeline), switchPoint, rest[position.Length..].Trim().ToString());
        return true;
    }

    private int IndexOf(TimelineId timeline)
    {
        for (var i = 0; i < Switches.Count; i++)
        {
            if (Switches[i].Timeline == timeline)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The lowest position at which this timeline or a later one was left.</summary>
    private Lsn EndAt(int index)
    {
        var end = Switches[index].SwitchPoint;
        for (var i = index + 1; i < Switches.Count; i++)
        {
            end = Switches[i].SwitchPoint < end ? Switches[i].SwitchPoint : end;
        }

        return end;
    }
}
