using Pgkeep.Backup;
using Pgkeep.Options;
using Pgkeep.Output;

namespace Pgkeep.Commands;

internal static class RestorePointCommand
{
    private static readonly Argument Name = new("NAME", "What recovery_target_name will call it: at most 63 bytes");

    public static Command Definition { get; } = new()
    {
        Name = CommandNames.RestorePoint,
        Summary = "Name this moment, so that a recovery can end exactly here",
        Details = "Calls pg_create_restore_point, ends the WAL segment and waits until it is in the archive. Use a name once: a recovery stops at the first "
            + "point of that name that it meets.",
        Arguments = [Name],
        Examples = [new("pgkeep restore-point before-import", "Before something that cannot be undone.")],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var point = await RestorePointRun.RunAsync(
            CommandSettings.LayoutAsOwner(context),
            CommandSettings.Connection(context),
            context.Get(OptionTable.ArchiveWait),
            context.Get(Name),
            context.Note,
            context.Time,
            cancellationToken);
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(JsonLine.Write(json =>
            {
                json.WriteString("name", point.Name);
                json.WriteString("lsn", point.Position.ToString());
                json.WriteString("time", point.Time);
                json.WriteString("segment", point.Segment);
                json.WriteBoolean("archived", true);
            }));
            return 0;
        }

        context.Output.WriteResult($"restore point \"{point.Name}\" at {point.Position}, {TimestampText.WithMilliseconds(point.Time, context.Time)}");
        context.Output.WriteResult($"its segment {point.Segment} is in the archive");
        return 0;
    }
}
