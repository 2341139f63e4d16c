using System.Globalization;
using Pgkeep.Output;
using Pgkeep.Search;

namespace Pgkeep.Commands;

/// <summary>The answer of <c>find</c> for people: what was found, a block each, and how far was searched.</summary>
internal sealed class FindText(CommandContext context, FindQuery query, FindResult result, RestoreCommandLine restore)
{
    private const int MaxRelations = 20;

    public void Write()
    {
        foreach (var transaction in result.Transactions)
        {
            Write(transaction);
            Line("");
        }

        foreach (var point in result.RestorePoints)
        {
            var table = new TextTable();
            table.Add("point", $"{point.Name}, {Time(point.Time)}, at {point.Start}");
            table.Add("restore", restore.To(point));
            table.WriteTo(Line);
            Line("");
        }

        if (result.Near is { } near)
        {
            Write(near);
        }

        WriteSearched();
    }

    private void Write(FoundTransaction transaction)
    {
        var table = new TextTable();
        table.Add(TitleOf(transaction.Outcome), $"{(transaction.Time is { } time ? Time(time) : "its end is not in the archived WAL")}, transaction {transaction.Xid}{(transaction.IsPrepared ? ", which was prepared" : "")}");
        if (transaction is { End: { } end, Before: { } before })
        {
            table.Add("", $"at {end}, and right before it {before}");
        }

        foreach (var database in transaction.DroppedDatabases)
        {
            table.Add("did", $"dropped the database {database.Name}, from {database.Position} on");
        }

        WriteRelations(transaction, table);
        if (transaction.MayHaveBegunBefore)
        {
            table.Add("", "it may have begun before what was read, and have changed more");
        }

        table.WriteTo(Line);
        if (restore.Before(transaction) is { } command)
        {
            // Not broken into lines: it is there to be copied.
            Line($"restore   {command}");
        }
    }

    private void WriteRelations(FoundTransaction transaction, TextTable table)
    {
        var shown = transaction.Relations
            .Where(relation => query.IncludesInternal || !relation.IsInternal || QueryMatch.IsAskedFor(query, relation))
            .OrderByDescending(relation => QueryMatch.IsAskedFor(query, relation))
            .ThenByDescending(relation => relation.Deleted + relation.Updated + relation.Inserted)
            .ToList();
        var title = transaction.DroppedDatabases.Count > 0 ? "" : "did";
        foreach (var relation in shown.Take(MaxRelations))
        {
            table.Add(title, $"{relation.Description}: {WhatOf(relation)}");
            title = "";
        }

        if (shown.Count > MaxRelations)
        {
            table.Add("", $"and {Number(shown.Count - MaxRelations)} relations more, which --json names");
        }
    }

    /// <summary>As wide as the longest, so that the blocks line up.</summary>
    private static string TitleOf(TransactionOutcome outcome) => outcome switch
    {
        TransactionOutcome.Committed => "commit  ",
        TransactionOutcome.RolledBack => "rollback",
        _ => "unknown ",
    };

    private static string WhatOf(FoundRelation relation)
    {
        var fate = relation.Fate switch
        {
            RelationFate.Created => "created",
            RelationFate.Truncated => "truncated",
            RelationFate.Rewritten => "rewritten",
            RelationFate.Moved => "moved to another tablespace",
            RelationFate.Dropped => "dropped",
            RelationFate.FileRemoved => "file removed: dropped, truncated or rewritten",
            _ => null,
        };
        var parts = new[] { fate, Rows(relation.Deleted, "deleted"), Rows(relation.Updated, "updated"), Rows(relation.Inserted, "inserted") }.OfType<string>().ToList();
        return parts.Count == 0 ? "changed" : string.Join(", ", parts);
    }

    private static string? Rows(long count, string done) => count == 0 ? null : $"{Number(count)} {(count == 1 ? "row" : "rows")} {done}";

    private void Write(CommitsNear near)
    {
        var table = new TextTable("", Align.Left, Align.Left, Align.Right, Align.Left);
        table.Add("", "commit", "transaction", "LSN");
        foreach (var commit in near.Before)
        {
            table.Add("restored", Time(commit.Time), $"{commit.Xid}", $"{commit.Start}");
        }

        foreach (var commit in near.After)
        {
            table.Add("not restored", Time(commit.Time), $"{commit.Xid}", $"{commit.Start}");
        }

        table.WriteTo(Line);
        Line("");
    }

    private void WriteSearched()
    {
        if (result.TransactionCount > result.Transactions.Count)
        {
            Line($"and {Number(result.TransactionCount - result.Transactions.Count)} transactions more, which --limit shows");
        }
        else if (result.IsEmpty)
        {
            Line(result.Ownerless is { } record ? $"The record at that position, {record}, belongs to no transaction." : "Nothing was found.");
        }

        var table = new TextTable();
        table.Add("searched", $"{result.First} to {result.Last}, timeline {result.Timeline}");
        if (result.SegmentsRead < result.Segments)
        {
            table.Add("", $"{Number(result.SegmentsRead)} of {Number(result.Segments)} segments, for their indexes tell that the others have nothing of it");
        }

        if (result is { FirstCommit: { } first, LastCommit: { } last })
        {
            table.Add("", $"commits from {Time(first.Time)} (transaction {first.Xid})");
            table.Add("", $"to {Time(last.Time)} (transaction {last.Xid})");
        }
        else
        {
            table.Add("", "no commit in that time");
        }

        table.Add("names", result.NamesFrom is { } backup ? $"from {backup}, and from what the WAL says since" : "none");
        foreach (var problem in result.NameProblems)
        {
            table.Add("", $"{Look} {problem}");
        }

        if (query.Since < result.RestoresFrom)
        {
            table.Add("", $"{Look} no backup is older than {Time(result.RestoresFrom!.Value)}: what was committed before cannot be restored");
        }

        if (result.Problem is { } cut)
        {
            table.Add("", $"{Look} {cut}: nothing behind that was searched");
        }

        table.WriteTo(Line);
    }

    private string Look => context.Output.ResultPalette.Paint(Mark.Look, "look:");

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private string Time(DateTimeOffset moment) => TimestampText.WithMilliseconds(moment, context.Time);

    private void Line(string line) => context.Output.WriteResult(line);
}
