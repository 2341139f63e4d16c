using System.Globalization;
using Pgkeep.Check.Wal;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Restore;

namespace Pgkeep.Commands;

internal static class WalShowCommand
{
    private const int MaxRelations = 20;

    private static readonly Argument Range = new("WHAT", "A segment's name, a file, FROM..TO of two LSNs, or FROM..TO of two moments; of a range, either side may be left out");

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.WalShow,
        Summary = "Count what the records of a part of the WAL do",
        Details = "By resource manager and operation, with the numbers of pg_waldump --stats=record; the commits, and the relations that records name, by tablespace, database and "
            + "file node. It reads the archive without unpacking it anywhere. Of two LSNs, the records that begin at the first or behind it and end at the second or before; of two "
            + "moments, what a recovery to the second replays beyond one to the first. A file may be a segment of any cluster, plain or from an archive. Ends with 3 where the WAL is "
            + "damaged or missing before the end of what was asked for.",
        Arguments = [Range],
        Examples =
        [
            new("pgkeep wal show 00000001000000000000002A", "One segment."),
            new("pgkeep wal show 0/2A000000..0/2B5A1E28", "Between two positions."),
            new("pgkeep wal show \"2025-01-08 12:00..2025-01-08 12:30\"", "Half an hour."),
            new("pgkeep wal show ./00000001000000000000002A --json", "A file, for a program."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var text = context.Get(Range);
        var shown = Parse(context, text) is { } range
            ? await WalShow.OfArchiveAsync(CommandSettings.LayoutAsOwner(context), range, Timeline(context), cancellationToken)
            : await WalShow.OfFileAsync(text, cancellationToken);
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(JsonLine.Write(json => WalShowJson.Write(json, shown)));
        }
        else
        {
            WriteText(context, shown);
        }

        return shown.Problem is null ? 0 : ErrorKinds.Of(ErrorKind.Findings).ExitCode;
    }

    private static TimelineId? Timeline(CommandContext context) => context.Get(OptionTable.Timeline) is > 0 and var timeline ? new TimelineId((uint)timeline) : null;

    /// <summary>Null for a file.</summary>
    private static ShownRange? Parse(CommandContext context, string text)
    {
        if (WalSegmentName.TryParse(text, out var segment))
        {
            return new ShownRange { Segment = segment };
        }

        var dots = text.IndexOf("..", StringComparison.Ordinal);
        var (from, to) = dots < 0 ? ("", "") : (text[..dots].Trim(), text[(dots + 2)..].Trim());
        if (from.Length + to.Length == 0 || to.StartsWith('/'))
        {
            return null;
        }

        if (TryParseLsn(from, out var first) && TryParseLsn(to, out var last))
        {
            return first is null || last is null || first <= last ? new ShownRange { From = first, To = last } : throw Backwards(text);
        }

        var (begin, end) = (Moment(context, from), Moment(context, to));
        return begin is null || end is null || begin <= end ? new ShownRange { FromTime = begin, ToTime = end } : throw Backwards(text);
    }

    /// <summary>Nothing is no position.</summary>
    private static bool TryParseLsn(string text, out Lsn? value)
    {
        value = Lsn.TryParse(text, out var position) ? position : null;
        return value is not null || text.Length == 0;
    }

    private static DateTimeOffset? Moment(CommandContext context, string text) =>
        text.Length == 0 ? null : TargetTime.Parse(text, DateTimeOffset.MaxValue, context.Time.LocalTimeZone);

    private static PgkeepException Backwards(string text) => new(ErrorKind.Usage, $"\"{text}\" ends before it begins");

    private static void WriteText(CommandContext context, ShownWal shown)
    {
        var statistics = shown.Statistics;
        var table = new TextTable();
        table.Add("read", $"{shown.Source}, timeline {shown.Timeline}");
        table.Add("records", statistics.Range is { } range ? $"{Number(statistics.Total.Records)}, {ByteSizeText.Of(statistics.Total.Bytes)}, {range.First} to {range.End}" : "none");
        table.Add("page images", $"{Number(statistics.Images)}, {ByteSizeText.Of(statistics.Total.ImageBytes)}");
        table.Add("commits", $"{Number(statistics.Commits)}; {Number(statistics.Aborts)} aborts");
        if (statistics is { FirstCommit: { } first, LastCommit: { } last })
        {
            table.Add("", $"first {Describe(context, first)}");
            table.Add("", $"last {Describe(context, last)}");
        }

        if (shown.Problem is { } problem)
        {
            table.Add("", $"{context.Output.ResultPalette.Paint(Mark.Look, "look:")} {problem}");
        }

        table.WriteTo(context.Output.WriteResult);
        if (statistics.Total.Records > 0)
        {
            WriteManagers(context, statistics);
            WriteRelations(context, statistics);
        }
    }

    private static string Describe(CommandContext context, WalMoment commit) =>
        $"{TimestampText.WithMilliseconds(commit.Time, context.Time)}, transaction {commit.Xid}, at {commit.Start}";

    private static void WriteManagers(CommandContext context, WalStatistics statistics)
    {
        var table = new TextTable("", Align.Left, Align.Right, Align.Right, Align.Right, Align.Right, Align.Right, Align.Right);
        table.Add("", "records", "%", "bytes", "image bytes", "together", "%");
        foreach (var manager in statistics.Managers)
        {
            Add(manager.Name, manager.Count);
            foreach (var operation in manager.Operations)
            {
                Add("  " + operation.Name, operation.Count);
            }
        }

        Add("total", statistics.Total);
        context.Output.WriteResult("");
        table.WriteTo(context.Output.WriteResult);

        void Add(string name, WalRecordCount count) => table.Add(
            name,
            Number(count.Records),
            Percent(count.Records, statistics.Total.Records),
            Number(count.RecordBytes),
            Number(count.ImageBytes),
            Number(count.Bytes),
            Percent(count.Bytes, statistics.Total.Bytes));
    }

    private static void WriteRelations(CommandContext context, WalStatistics statistics)
    {
        if (statistics.Relations.Count == 0)
        {
            return;
        }

        var table = new TextTable("", Align.Left, Align.Right, Align.Right, Align.Right);
        table.Add("relation", "blocks named", "page images", "image bytes");
        foreach (var count in WalShowJson.InOrder(statistics).Take(MaxRelations))
        {
            table.Add(count.Relation.ToString(), Number(count.Changes), Number(count.Images), Number(count.ImageBytes));
        }

        context.Output.WriteResult("");
        table.WriteTo(context.Output.WriteResult);
        if (statistics.Relations.Count > MaxRelations)
        {
            context.Output.WriteResult($"and {Number(statistics.Relations.Count - MaxRelations)} more, which --json names");
        }
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Percent(long part, long whole) => (whole == 0 ? 0 : 100.0 * part / whole).ToString("0.00", CultureInfo.InvariantCulture);
}
