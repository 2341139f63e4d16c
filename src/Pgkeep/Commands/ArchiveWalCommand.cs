using System.Globalization;
using Pgkeep.Archive;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Repository;
using Pgkeep.Repository.Prefetch;

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
            + "The same file again is a success; another file under a stored name is a failure, and nothing is changed. "
            + "Segments that wait behind it are stored in the same call, --jobs at a time and for at most a second; the server offers them all the same, and they are then only compared.",
        Arguments = [FilePath, Name],
        Examples = [new("archive_command = '/path/to/scripts/archive-wal.sh %p %f'", "In postgresql.conf.")],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var layout = CommandSettings.LayoutAsOwner(context);
        WorkingDirectory.RequireApart(layout);
        using var storing = ArchiveLock.Share(layout);
        var stores = ArchiveStores.OfWritable(layout);
        var log = new OperationLog(layout.ArchiveLog, context.Time) { Failed = context.Warn, Rotates = true };
        var (path, name) = (context.Get(FilePath), context.Get(Name));
        var began = context.Time.GetTimestamp();
        try
        {
            var push = new WalPush(stores, CommandSettings.WalLevel(context), context.Get(OptionTable.Jobs), context.Time)
            {
                Stored = (file, result) => log.Append(
                    result == StoreResult.Stored ? $"Archived {file} in {Milliseconds(context.Time.GetElapsedTime(began))} ms" : $"Already archived, with the same content: {file}"),
                StoredAhead = (file, took) => log.Append($"Archived {file} ahead of its turn in {Milliseconds(took)} ms"),
            };
            await push.RunAsync(path, name, cancellationToken);
            ArchiveStores.NoteArchive(layout);
            PrefetchDirectory.RemoveFor(Environment.CurrentDirectory, context.Get(OptionTable.PrefetchDir));
            return 0;
        }
        catch (PgkeepException failure)
        {
            log.WriteError($"{name}: {failure.Message}");
            throw;
        }
    }

    private static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
}
