using System.Globalization;
using Pgkeep.Archive.Index;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;

namespace Pgkeep.Commands;

internal static class WalIndexCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.WalIndex,
        Summary = "Make the indexes of stored segments that have none",
        Details = "An index tells what the records of a segment do without reading it: commits, changed rows and blocks of each relation, files that come and go. archive-wal makes it when a "
            + "segment is stored (--wal-index); this makes what is missing, damaged or of another content, --jobs at a time, and removes what is left of segments that are gone. The archive is "
            + "whole without them. Ends with 3 where a segment cannot be indexed: verify --wal says what is wrong with it.",
        Examples =
        [
            new("sudo -u postgres pgkeep wal index", "After an update from a version without indexes, or after a restore of the repository."),
            new("pgkeep wal index --jobs 2 --json", "With two workers, for a program."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        CommandSettings.ApplyPriority(context);
        var result = await IndexRun.RunAsync(CommandSettings.LayoutAsOwner(context), context.Get(OptionTable.Jobs), cancellationToken);
        if (context.Get(OptionTable.Json))
        {
            WriteJson(context, result);
        }
        else
        {
            WriteText(context, result);
        }

        return result.Problems.Count == 0 ? 0 : ErrorKinds.Of(ErrorKind.Findings).ExitCode;
    }

    private static void WriteText(CommandContext context, IndexResult result)
    {
        var table = new TextTable();
        table.Add("segments", Number(result.Segments));
        table.Add("had an index", Number(result.Current));
        table.Add("made", Number(result.Made));
        table.Add("removed", $"{Number(result.Removed)}, of segments that are gone");
        foreach (var segment in result.Problems)
        {
            table.Add("", $"{context.Output.ResultPalette.Paint(Mark.Look, "look:")} {segment.Segment} has none: {segment.Problem}");
        }

        table.WriteTo(context.Output.WriteResult);
    }

    private static void WriteJson(CommandContext context, IndexResult result) => context.Output.WriteResult(JsonLine.Write(json =>
    {
        json.WriteNumber("segments", result.Segments);
        json.WriteNumber("current", result.Current);
        json.WriteNumber("made", result.Made);
        json.WriteNumber("removed", result.Removed);
        json.WriteStartArray("problems");
        foreach (var segment in result.Problems)
        {
            json.WriteStartObject();
            json.WriteString("segment", segment.Segment.ToString());
            json.WriteString("problem", segment.Problem);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }));

    private static string Number(int value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
