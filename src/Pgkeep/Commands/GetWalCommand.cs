using Pgkeep.Archive;
using Pgkeep.Diagnostics;
using Pgkeep.Repository;

namespace Pgkeep.Commands;

internal static class GetWalCommand
{
    /// <summary>In the working directory of a server that waits for WAL for ever, and would die of a code above 125.</summary>
    private const string StandbySignal = "standby.signal";

    private static readonly Argument Name = new("NAME", "The file the server asks for: %f");
    private static readonly Argument FilePath = new("PATH", "Where to put it: %p");

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.GetWal,
        Summary = "Fetch a WAL file from the archive; the server calls this as its restore_command",
        Details = "Ends with 0 when the file was fetched and checked, and with 1 only when the archive was read and the file is proven not to be in it. "
            + "Anything else, a hole in the archive included, ends with 200, which stops the recovery instead of ending it too early; "
            + "on a standby it ends with the failure's own code, and the server tries again.",
        Arguments = [Name, FilePath],
        Examples = [new("restore_command = 'pgkeep get-wal %f \"%p\"'", "In postgresql.conf, for a recovery by hand.")],
        ExitCode = ExitCodeOf,
        RunAsync = RunAsync,
    };

    private static int ExitCodeOf(ErrorKind kind) => File.Exists(StandbySignal) ? ErrorKinds.Of(kind).ExitCode : ErrorKinds.CannotTellExitCode;

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var fetch = new WalFetch(ArchiveStores.Of(CommandSettings.Layout(context)));
        var result = await fetch.RunAsync(context.Get(Name), context.Get(FilePath), cancellationToken);
        return result == FetchResult.Fetched ? 0 : ErrorKinds.AbsentExitCode;
    }
}
