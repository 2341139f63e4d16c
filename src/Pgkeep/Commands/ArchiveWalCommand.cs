using System.Globalization;
using Pgkeep.Archive;
using Pgkeep.Diagnostics;
using Pgkeep.Repository;

namespace Pgkeep.Commands;

internal static class ArchiveWalCommand
{
    private static readonly Argument FilePath = new("PATH", "Where the file lies: %p");
    private static readonly Argument Name = new("NAME", "Its name: %f");

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.ArchiveWal,
        Summary = "Store a WAL file in the archive; the server calls this as its archive_command",
        Details = "Ends with 0 only when the file is what its name says, comes from the repository's cluster and is on stable storage. "
            + "The same file again is a success; another file under a stored name is a failure, and nothing is changed.",
        Arguments = [FilePath, Name],
        Examples = [new("archive_command = '/path/to/scripts/archive-wal.sh %p %f'", "In postgresql.conf.")],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var layout = CommandSettings.LayoutAsOwner(context);
        WorkingDirectory.RequireApart(layout);
        var stores = ArchiveStores.OfWritable(layout);
        var log = new OperationLog(layout.ArchiveLog, context.Time) { Failed = context.Warn };
        var (path, name) = (context.Get(FilePath), context.Get(Name));
        var began = context.Time.GetTimestamp();
        try
        {
            var result = await new WalPush(stores, CommandSettings.WalLevel(context), context.Time).RunAsync(path, name, cancellationToken);
            var milliseconds = context.Time.GetElapsedTime(began).TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
            log.Append(result == StoreResult.Stored ? $"Archived {name} in {milliseconds} ms" : $"Already archived, with the same content: {name}");
            return 0;
        }
        catch (PgkeepException failure)
        {
            log.WriteError($"{name}: {failure.Message}");
            throw;
        }
    }
}
