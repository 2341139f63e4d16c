using System.Text.Json;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Restore;

namespace Pgkeep.Commands;

/// <summary>What a restore did, for the person and the program that asked.</summary>
internal static class RestoreResultText
{
    public static void Write(CommandContext context, RestoreResult result)
    {
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(JsonLine.Write(json =>
            {
                json.WriteString("backup", result.Plan.Backup.Name.ToString());
                json.WriteString("data_directory", result.Plan.DataDirectory);
                json.WriteString("old_data_directory", result.OldDataDirectory);
                json.WriteString("journal", result.Journal);
                json.WriteStartObject("seconds");
                foreach (var phase in result.Phases)
                {
                    json.WriteNumber(phase.Name, Math.Round(phase.Duration.TotalSeconds, 3));
                }

                json.WriteEndObject();
                if (result.Health is { } health)
                {
                    json.WriteStartObject("health");
                    WriteStrings(json, "databases", health.Databases);
                    WriteStrings(json, "problems", health.Problems);
                    json.WriteEndObject();
                }
            }));
            return;
        }

        context.Output.WriteResult(result.Health is null
            ? $"Restored into {result.Plan.DataDirectory}: start the server, and the recovery begins"
            : $"Restored: the server is running on {result.Plan.DataDirectory}");
        context.Output.WriteResult($"time      {string.Join(", ", result.Phases.Select(phase => $"{phase.Name} {DurationText.Of(phase.Duration)}"))}");
        if (result.Health is { } seen)
        {
            context.Output.WriteResult($"health    {seen.Databases.Count} databases open and can be read");
            foreach (var problem in seen.Problems)
            {
                context.Warn(problem);
            }
        }

        if (result.OldDataDirectory is { } old)
        {
            context.Output.WriteResult($"old data  {old}");
            context.Output.WriteResult($"journal   {result.Journal}");
            context.Output.WriteResult($"          undo with pgkeep restore rollback --pgdata {result.Plan.DataDirectory}; remove it when you no longer need it");
        }
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
