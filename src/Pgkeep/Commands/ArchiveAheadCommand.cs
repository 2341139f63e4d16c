using Pgkeep.Archive;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Commands;

/// <summary>The process that archive-wal leaves behind. Nobody reads what it says, or its exit code.</summary>
internal static class ArchiveAheadCommand
{
    /// <summary>After it the next call starts another one: an upgrade, a rotation or a mistake of ours must not have to wait for a long backlog.</summary>
    private static readonly TimeSpan LongestTime = TimeSpan.FromSeconds(10);

    private static readonly Argument Directory = new("DIRECTORY", "Where the segments lie, in the data directory");
    private static readonly Argument Name = new("NAME", "The segment that was stored last");

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.ArchiveAhead,
        Summary = "Store the WAL segments that wait behind one",
        Arguments = [Directory, Name],
        Options = [OptionTable.Config, OptionTable.BackupDir, OptionTable.WalArchiveDir, OptionTable.CompressLevel, OptionTable.Jobs, OptionTable.WalIndex],
        IsHidden = true,
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        if (!WalSegmentName.TryParse(context.Get(Name), out var stored))
        {
            throw new PgkeepException(ErrorKind.Usage, $"\"{context.Get(Name)}\" is not the name of a WAL segment");
        }

        var layout = CommandSettings.LayoutAsOwner(context);
        WorkingDirectory.RequireApart(layout);
        using var storing = ArchiveLock.Share(layout);
        var log = new OperationLog(layout.ArchiveLog, context.Time) { Rotates = true };
        var stores = ArchiveStores.OfWritable(layout);
        var push = new WalPush(stores, CommandSettings.WalLevel(context), context.Get(OptionTable.Jobs), context.Time)
        {
            Witness = WorkingDirectory.Witness,
            Indexes = context.Get(OptionTable.WalIndex) ? WalIndexStore.Of(layout, stores.Archive) : null,
            StoredWithoutIndex = (file, problem) => log.Append(ArchiveWalCommand.WithoutIndex(file, problem)),
            StoredAhead = (file, took) => log.Append(ArchiveWalCommand.StoredAhead(file, took)),
        };
        await push.RunAheadAsync(context.Get(Directory), stored, LongestTime, cancellationToken);
        return 0;
    }
}
