using System.Globalization;
using Pgkeep.Archive;
using Pgkeep.Archive.Ahead;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Postgres;
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
            + "The same file again is a success; another file under a stored name is a failure, and nothing is changed; so is, with --wal-index, a segment that does not go on where the stored one before it ends. "
            + "Segments that wait behind it are stored ahead of their turn, --jobs at a time, by a process that ends by itself after ten seconds at most; the server offers them all the same, and they are then only compared.",
        Arguments = [FilePath, Name],
        Examples = [new("archive_command = '/path/to/scripts/archive-wal.sh %p %f'", "In postgresql.conf.")],
        RunAsync = RunAsync,
    };

    /// <summary>The line for a file that was stored before the server offered it.</summary>
    public static string StoredAhead(WalFileName file, TimeSpan took) => $"Archived {file} ahead of its turn in {Milliseconds(took)} ms";

    /// <summary>The line for a segment that is stored and has no index.</summary>
    public static string WithoutIndex(WalFileName file, string problem) => $"No index of {file}: it {problem}";

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
                StoredAhead = (file, took) => log.Append(StoredAhead(file, took)),
                WaitedInVain = file => log.Append($"Waited in vain for the process that stores ahead (pgkeep {CommandNames.ArchiveAhead}): {file} is stored without it"),
                StoredWithoutIndex = (file, problem) => log.Append(WithoutIndex(file, problem)),
                Indexes = context.Get(OptionTable.WalIndex) ? WalIndexStore.Of(layout, stores.Archive) : null,
                Ahead = Ahead(context, layout),
                Witness = WorkingDirectory.Witness,
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

    private static AheadSettings? Ahead(CommandContext context, RepositoryLayout layout) => !WorkingDirectory.MayLeaveProcess ? null : new AheadSettings(
        CommandSettings.Program,
        [
            CommandNames.ArchiveAhead, "--config", "/dev/null", "--backup-dir", layout.BackupDirectory, "--wal-archive-dir", layout.WalDirectory,
            "--compress-level", $"{CommandSettings.WalLevel(context)}", "--jobs", $"{context.Get(OptionTable.Jobs)}",
            "--wal-index", context.Get(OptionTable.WalIndex) ? "on" : "off",
        ]);

    private static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
}
