using Pgkeep.Archive.Receive;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Repository;

namespace Pgkeep.Commands;

internal static class ReceiveWalCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.ReceiveWal,
        Summary = "Receive the server's WAL as it is written, until interrupted",
        Details = "Streams WAL through a replication slot into the archive, beside archive-wal or instead of it. Complete segments are stored as archive-wal stores them; the one that is being written "
            + "lies in .receiving/ of the archive, durable up to its last byte, and a restore goes on into it. With the receiver's name in synchronous_standby_names the server waits for it, and loses no "
            + "commit with its disk. The slot is created where it is missing, and keeps the server's WAL until it is received, also while no receiver runs. Ends with 0 when interrupted.",
        Examples =
        [
            new("sudo -u postgres pgkeep receive-wal", "Best as a service: README.md has the unit."),
            new("synchronous_standby_names = 'pgkeep'", "In postgresql.conf, so that commits wait for the receiver."),
            new("pgkeep receive-wal --drop-slot", "When the receiver is not to come back; what only it has stays."),
        ],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var slot = SlotName.Require(context.Get(OptionTable.Slot));
        var connection = CommandSettings.Connection(context) with { ApplicationName = context.Get(OptionTable.ApplicationName) is { Length: > 0 } name ? name : slot };
        if (context.Get(OptionTable.DropSlot))
        {
            var isDropped = await SlotRemoval.RunAsync(connection, slot, cancellationToken);
            context.Note(isDropped ? $"Dropped the replication slot \"{slot}\": the server no longer keeps WAL for it" : $"There is no replication slot \"{slot}\"");
            await RemoveRemainsAsync(context, slot, cancellationToken);
            return 0;
        }

        var layout = CommandSettings.LayoutAsOwner(context);
        var log = new OperationLog(layout.ArchiveLog, context.Time) { Failed = context.Warn };
        var settings = new ReceiveSettings
        {
            Layout = layout,
            Connection = connection,
            Slot = slot,
            Level = CommandSettings.WalLevel(context),
            MakesIndexes = context.Get(OptionTable.WalIndex),
            AcceptGap = context.Get(OptionTable.AcceptGap),
        };
        try
        {
            await new WalReceiver(settings, context.Time, happened => Tell(context, log, happened)).RunAsync(cancellationToken);
            return 0;
        }
        // A place that is not fit for an archive gets no log either.
        catch (PgkeepException failure) when (failure.Kind is not (ErrorKind.Configuration or ErrorKind.RepositoryMissing))
        {
            log.WriteError($"receive-wal: {failure.Message}");
            throw;
        }
    }

    /// <summary>The slot is gone: what fails from here on is told, and can be tried again.</summary>
    private static async Task RemoveRemainsAsync(CommandContext context, string slot, CancellationToken cancellationToken)
    {
        try
        {
            var layout = CommandSettings.LayoutAsOwner(context);
            if (await ReceiverRemains.RemoveAsync(layout, slot, cancellationToken) is not { } remains)
            {
                return;
            }

            if (remains.Kept.Count == 0)
            {
                context.Note($"Removed \"{remains.Directory}\": the archive has all that was received in it");
                return;
            }

            context.Warn($"\"{remains.Directory}\" stays, for it may have WAL that is nowhere else, and a restore goes on into that: {string.Join("; ", remains.Kept)}");
            context.Note($"hint: this again removes it once the archive has that WAL; a whole segment is stored with: pgkeep archive-wal {remains.Directory}/NAME NAME");
            context.Note($"hint: where nobody wants what is in it: rm -r {remains.Directory}");
        }
        catch (PgkeepException failure)
        {
            context.Warn($"what the receiver left in the archive is not removed: {failure.Message}");
        }
    }

    /// <summary>Called from any thread.</summary>
    private static void Tell(CommandContext context, OperationLog log, ReceiverEvent happened)
    {
        lock (log)
        {
            log.Append(happened.Name == "warning" ? $"WARNING: {happened.Text}" : happened.Text);
            if (context.Get(OptionTable.Json))
            {
                WriteJson(context, happened);
            }
            else if (happened.Name == "warning")
            {
                context.Warn(happened.Text);
            }
            else if (!happened.IsRoutine)
            {
                context.Note(CommandSettings.Stamp(context, happened.Text));
            }
        }
    }

    private static void WriteJson(CommandContext context, ReceiverEvent happened)
    {
        context.Output.WriteResult(JsonLine.Write(json =>
        {
            json.WriteString("event", happened.Name);
            json.WriteString("time", context.Time.GetLocalNow());
            json.WriteString("text", happened.Text);
        }));
        context.Output.Flush();
    }
}
