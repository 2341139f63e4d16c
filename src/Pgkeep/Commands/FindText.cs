using Pgkeep.Output;
using Pgkeep.Search;

namespace Pgkeep.Commands;

/// <summary>The answer of <c>find</c> for people: what was found, a block each, and how far was searched.</summary>
internal sealed class FindText(CommandContext context, FoundText text, FindResult result, RestoreCommandLine restore)
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
            table.Add("point", $"{point.Name}, {text.Time(point.Time)}, at {point.Start}");
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
        table.Add(FoundText.TitleOf(transaction.Outcome), text.When(transaction));
        if (FoundText.Where(transaction) is { } where)
        {
            table.Add("", where);
        }

        var title = "did";
        foreach (var line in text.Did(transaction, MaxRelations))
        {
            table.Add(title, line);
            title = "";
        }

        if (FoundText.Missing(transaction) is { } missing)
        {
            table.Add("", missing);
        }

        table.WriteTo(Line);
        if (restore.Before(transaction) is { } command)
        {
            // Not broken into lines: it is there to be copied.
            Line($"restore   {command}");
            if (transaction.IsPrepared)
            {
                Line("          it is prepared again then, and holds its locks: end it with ROLLBACK PREPARED, pg_prepared_xacts has its name");
            }
        }
        else if (transaction.Time < result.RestoresFrom)
        {
            Line("          no backup had ended by then: what was before cannot be restored from this repository");
        }
    }

    private void Write(CommitsNear near)
    {
        var table = new TextTable("", Align.Left, Align.Left, Align.Right, Align.Left);
        table.Add("", "commit", "transaction", "LSN");
        foreach (var commit in near.Before)
        {
            table.Add("restored", text.Time(commit.Time), $"{commit.Xid}", $"{commit.Start}");
        }

        foreach (var commit in near.After)
        {
            table.Add("not restored", text.Time(commit.Time), $"{commit.Xid}", $"{commit.Start}");
        }

        table.WriteTo(Line);
        Line("");
    }

    private void WriteSearched()
    {
        if (FoundText.LeftOut(result) is { } leftOut)
        {
            Line(leftOut);
        }
        else if (result.IsEmpty)
        {
            Line(result.Ownerless is { } record ? $"The record at that position, {record}, belongs to no transaction." : "Nothing was found.");
        }

        var table = new TextTable();
        table.Add("searched", $"{result.First} to {result.Last}, timeline {result.Timeline}");
        if (FoundText.PassedOver(result) is { } passedOver)
        {
            table.Add("", passedOver);
        }

        if (result is { FirstCommit: { } first, LastCommit: { } last })
        {
            table.Add("", $"commits from {text.Time(first.Time)} (transaction {first.Xid})");
            table.Add("", $"to {text.Time(last.Time)} (transaction {last.Xid})");
        }
        else
        {
            table.Add("", "no commit in that time");
        }

        table.Add("names", result.NamesFrom is { } backup ? $"from {backup}, and from what the WAL says since" : "none");
        foreach (var concern in text.Concerns(result))
        {
            table.Add("", $"{context.Output.ResultPalette.Paint(Mark.Look, "look:")} {concern}");
        }

        table.WriteTo(Line);
    }

    private void Line(string line) => context.Output.WriteResult(line);
}
