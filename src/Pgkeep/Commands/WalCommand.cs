using Pgkeep.Check;
using Pgkeep.Check.Wal;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Restore;

namespace Pgkeep.Commands;

internal static class WalCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.Wal,
        Summary = "Tell what the archive holds, which commits can be restored, and how far it is behind the server",
        Details = "Names every gap, and for each backup and timeline the last commit that can be restored, as its record in the WAL tells it. Where the server answers, it compares what the server says that it archived with what is there. Ends with 0 when all is well, with 3 when "
            + "WAL or a history is missing, archiving fails or a receiver is not running, with 43 when the archiver answers success and stores nothing, and with 14 when the server is of another cluster.",
        Examples =
        [
            new("pgkeep wal", "Gaps, recovery windows and lag."),
            new("pgkeep wal --json", "The same for a program."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var status = await WalStatusReader.ReadAsync(CommandSettings.LayoutAsOwner(context), CommandSettings.Connection(context), UndoneTimelines.Of, context.Time, cancellationToken);
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(JsonLine.Write(json => WalJson.Write(json, status)));
        }
        else
        {
            WriteText(context, status);
        }

        if (status.Server is { Mismatch: { } mismatch })
        {
            throw new PgkeepException(ErrorKind.RepositoryMismatch, mismatch, "if it is another server that was meant, set PGHOST and PGPORT");
        }

        if (status.Server is { Loss: { } loss })
        {
            throw new PgkeepException(
                ErrorKind.ArchivingStalled,
                loss,
                "compare the server's archive_command with pgkeep config show: it must call archive-wal with this BACKUP_DIR and WAL_ARCHIVE_DIR",
                "then take a backup: what was not stored is lost, and no earlier one leads across it");
        }

        return status.Findings.Any() ? ErrorKinds.Of(ErrorKind.Findings).ExitCode : 0;
    }

    private static void WriteText(CommandContext context, WalStatus status)
    {
        var table = new TextTable();
        var foreign = status.ForeignFiles == 0 ? "" : $", and {status.ForeignFiles} that are no WAL";
        table.Add("archive", $"{status.Archive}: {status.Files} files, {ByteSizeText.Of(status.StoredBytes)}{foreign}");
        foreach (var timeline in status.Timelines)
        {
            table.Add($"timeline {timeline.Timeline}", $"{timeline.First} to {timeline.Last}, {timeline.Begin} to {timeline.End}, {timeline.Segments} segments, {ByteSizeText.Of(timeline.StoredBytes)}");
            foreach (var gap in timeline.Gaps)
            {
                table.Add("", $"{Look(context, gap.Matters)}missing: {gap.Gap}{(gap.Matters ? "" : ", before the WAL of every backup")}");
            }
        }

        foreach (var problem in status.HistoryProblems)
        {
            table.Add("", $"{Look(context, true)}{problem.Text}");
        }

        var title = "restores";
        foreach (var window in status.Windows)
        {
            table.Add(title, Describe(context, window));
            title = "";
        }

        if (status.Windows.Count == 0)
        {
            table.Add(title, "nothing: there is no usable backup");
        }

        AddServer(context, table, status);
        foreach (var receiver in status.Receivers)
        {
            table.Add("receiver", Describe(context, receiver));
        }

        table.WriteTo(context.Output.WriteResult);
    }

    private static string Describe(CommandContext context, RecoveryWindow window)
    {
        var from = TimestampText.Of(window.From, context.Time);
        var end = window switch
        {
            { LastCommit: { } last } => $"every commit from {from} to the last one, {TimestampText.WithMilliseconds(last.Time, context.Time)} (transaction {last.Xid}, at {last.Start}){Next(window)},",
            { IsLastCommitKnown: true } => $"its own end, {from}: nothing was committed since{Next(window)};",
            _ => $"every commit from {from} to {(window.Next is { } next ? $"{TimestampText.Of(window.To, context.Time)}, when timeline {next} began," : $"the end of what is archived, written at {TimestampText.Of(window.To, context.Time)},")}",
        };
        var hole = window.Missing is { } missing ? $"; {Look(context, true)}none behind it, for {missing} is missing" : "";
        var problem = window.Problem is { } found ? $"; {Look(context, true)}{found}" : "";
        return $"{end} from {window.Backup.Name}, timeline {window.Timeline}{hole}{problem}";
    }

    private static string Next(RecoveryWindow window) => window.Next is { } next ? $" before timeline {next} began" : "";

    private static string Describe(CommandContext context, ReceiverStatus receiver)
    {
        var state = receiver.Slot is null ? "no slot known" : receiver.IsActive ? "active" : "not active";
        var behind = receiver.LagBytes is { } bytes ? bytes == 0 ? ", all that the server has written" : $", {ByteSizeText.Of(bytes)} behind the server" : "";
        var problem = receiver.Problem is { } found ? $"; {Look(context, true)}{found}" : "";
        return $"{receiver.Name}, {state}, received to {receiver.Received?.ToString() ?? "no known position"}{behind}, last at {TimestampText.Of(receiver.LastReceived, context.Time)}{problem}";
    }

    private static void AddServer(CommandContext context, TextTable table, WalStatus status)
    {
        if (status.Server is not { Mismatch: null, Report: var report } server)
        {
            table.Add("server", status.ServerProblem is { } problem ? $"not known: {problem}" : "of another cluster");
            return;
        }

        var role = report.IsInRecovery ? "standby" : "primary";
        var behind = server.LagBytes is { } bytes ? $"; the archive {(bytes == 0 ? "reaches it" : $"ends {ByteSizeText.Of(bytes)} before")}" : "";
        table.Add("server", $"{role} at {report.Position?.ToString() ?? "no known position"} of timeline {report.Timeline}{behind}");
        if (!report.ArchivesItself)
        {
            var isReceived = status.Receivers.Any(receiver => receiver.IsUsed) ? "; its WAL comes through a receiver" : "";
            table.Add("", (report.IsInRecovery ? "its primary archives, if anything does" : report.ArchiveMode == "off" ? "archive_mode is off" : "archive_command is empty") + isReceived);
            return;
        }

        var age = report.LastArchivedTime is { } time ? $"{DurationText.Of(Positive(report.Now - time))} ago" : "";
        table.Add("", report.LastArchived is { } last ? $"last archived {last}, {age}" : "nothing archived yet");
        table.Add("", server.Lag > TimeSpan.Zero ? $"WAL waits since {DurationText.Of(server.Lag)}" : "no WAL waits");
        table.Add("", report.Waiting is { } waiting ? $"{waiting} files wait in pg_wal" : "whether files wait in pg_wal is not known: the role may not look, and GRANT pg_monitor lets it");
        if (report.Failures > 0)
        {
            table.Add("", $"{Look(context, report.IsFailing)}{report.DescribeFailure()}{(report.IsFailing ? "" : "; archived since")}");
        }

        if (server.Loss is { } loss)
        {
            table.Add("", $"{context.Output.ResultPalette.Paint(Mark.Stop, "ERROR:")} {loss}");
        }
    }

    private static string Look(CommandContext context, bool matters) => matters ? context.Output.ResultPalette.Paint(Mark.Look, "look:") + " " : "";

    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}
