using Pgkeep.Archive;
using Pgkeep.Archive.Prefetch;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;
using Pgkeep.Repository.Prefetch;

namespace Pgkeep.Commands;

internal static class GetWalCommand
{
    private static readonly Argument Name = new("NAME", "The file the server asks for: %f");
    private static readonly Argument FilePath = new("PATH", "Where to put it: %p");

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.GetWal,
        Summary = "Fetch a WAL file from the archive; the server calls this as its restore_command",
        Details = "Ends with 0 when the file was fetched and checked, and with 1 only when the archive was read and the file is proven not to be in it. "
            + "Anything else, a hole in the archive included, or WAL of two timelines where nobody said which is followed, ends with 200, which stops the recovery instead of ending it too early; "
            + "on a standby it ends with the failure's own code, and the server tries again. While a server is in recovery, the segments that follow are "
            + "fetched ahead by a process of its own.",
        Arguments = [Name, FilePath],
        Examples = [new("restore_command = 'pgkeep get-wal %f \"%p\"'", "In postgresql.conf, for a recovery by hand.")],
        ExitCode = ExitCodeOf,
        RunAsync = RunAsync,
    };

    /// <summary>Whether the working directory is that of a server whose recovery ends with the WAL.</summary>
    public static bool IsCalledInRecovery(Func<string> workingDirectory)
    {
        try
        {
            return File.Exists(Path.Combine(workingDirectory(), "recovery.signal"));
        }
        catch (PgkeepException)
        {
            return false;
        }
    }

    /// <summary>Null where nobody said.</summary>
    public static TimelineId? PinnedTimeline(CommandContext context) => context.Get(OptionTable.Timeline) is > 0 and var timeline ? new TimelineId((uint)timeline) : null;

    /// <summary>A standby waits for WAL for ever, and would die of a code above 125.</summary>
    private static int ExitCodeOf(ErrorKind kind) => WorkingDirectory.IsStandby ? ErrorKinds.Of(kind).ExitCode : ErrorKinds.CannotTellExitCode;

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var layout = CommandSettings.Layout(context);
        var fetch = new WalFetch(ArchiveStores.Of(layout), Prefetch(context, layout), context.Time)
        {
            Pinned = PinnedTimeline(context),
            HasTarget = () => RecoveryTargetSettings.AreSet("."),
        };
        var result = await fetch.RunAsync(context.Get(Name), context.Get(FilePath), cancellationToken);
        return result == FetchResult.Fetched ? 0 : ErrorKinds.AbsentExitCode;
    }

    /// <summary>Null where nothing is fetched ahead: it is switched off, or this is not the restore_command of a server in recovery.</summary>
    private static PrefetchSettings? Prefetch(CommandContext context, RepositoryLayout layout)
    {
        var segments = context.Get(OptionTable.Prefetch);
        if (segments == 0 || WorkingDirectory.OfRecovery() is not { } dataDirectory)
        {
            return null;
        }

        IReadOnlyList<string> words =
        [
            CommandNames.PrefetchWal, "--config", "/dev/null", "--backup-dir", layout.BackupDirectory, "--wal-archive-dir", layout.WalDirectory,
            "--prefetch", $"{segments}", "--jobs", $"{context.Get(OptionTable.Jobs)}",
            "--timeline", $"{context.Get(OptionTable.Timeline)}",
        ];
        return new PrefetchSettings(PrefetchDirectory.Of(dataDirectory, context.Get(OptionTable.PrefetchDir)), segments, CommandSettings.Program, words);
    }
}
