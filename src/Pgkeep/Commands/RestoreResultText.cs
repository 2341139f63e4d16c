using System.Text.Json;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Postgres.Wal.Targets;
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
                if (result.Kept is { } reused)
                {
                    json.WriteStartObject("delta");
                    json.WriteNumber("kept_files", reused.Files);
                    json.WriteNumber("kept_bytes", reused.Bytes);
                    json.WriteNumber("written_bytes", reused.Written);
                    json.WriteEndObject();
                }

                if (result.SavedWal is { } saved)
                {
                    json.WriteString("saved_wal", saved);
                }

                if (result.Plan.Databases is { } chosen)
                {
                    WriteStrings(json, "empty_databases", [.. chosen.Emptied.Select(database => database.Name)]);
                }

                WriteEnd(json, result.Phases, result.Health);
            }));
            return;
        }

        foreach (var line in Outcome(result))
        {
            context.Output.WriteResult(line);
        }

        WriteEnd(context, result.Phases, result.Health);
        if (result.Kept is { } kept)
        {
            context.Output.WriteResult($"delta     {kept.Files} files, {SizeText.Short(kept.Bytes)}, were right as they were; {SizeText.Short(kept.Written)} written to others");
        }

        if (result.Plan.Databases is { Emptied.Count: > 0 } databases)
        {
            context.Output.WriteResult($"empty     {databases.Emptied.Count} databases, closed to everybody; drop them, from postgres:");
            foreach (var database in databases.Emptied)
            {
                context.Output.WriteResult($"          DROP DATABASE {database.Quoted};");
            }
        }

        if (result.SavedWal is { } saved)
        {
            context.Output.WriteResult($"old WAL   {saved} has what no archive had; remove it when you no longer need it");
        }

        if (result.OldDataDirectory is { } old)
        {
            context.Output.WriteResult($"old data  {old}");
            context.Output.WriteResult($"journal   {result.Journal}");
            context.Output.WriteResult($"          undo with pgkeep restore rollback --pgdata {result.Plan.DataDirectory}");
            context.Output.WriteResult($"          when you no longer need it: pgkeep restore forget --pgdata {result.Plan.DataDirectory}");
        }
    }

    /// <summary>How the cluster stands, and what is the person's to do.</summary>
    private static IEnumerable<string> Outcome(RestoreResult result) => result switch
    {
        { IsLeft: true } =>
        [
            $"Restored into {result.Plan.DataDirectory}: start the server, and the recovery begins",
            "look      when it is over, the lines of pgkeep in postgresql.auto.conf have no more use; take them out before a standby is made of the cluster",
        ],
        { Action: RecoveryTargetAction.Shutdown } =>
        [
            $"Restored: the server on {result.Plan.DataDirectory} has shut down at the target",
            "next      to take it as it is, set recovery_target_action = 'promote' in postgresql.auto.conf and start it",
        ],
        { Action: RecoveryTargetAction.Pause } =>
        [
            $"Restored: the server on {result.Plan.DataDirectory} replays up to the target, stands still there and can be read",
            "next      SELECT pg_is_wal_replay_paused() tells when it is there; SELECT pg_wal_replay_resume() ends the recovery, and the server takes writes",
        ],
        _ => [$"Restored: the server is running on {result.Plan.DataDirectory}"],
    };

    /// <summary>What every restore tells: how long it took, and how the cluster is.</summary>
    public static void WriteEnd(CommandContext context, IReadOnlyList<RestorePhase> phases, ClusterHealth? health)
    {
        context.Output.WriteResult($"time      {string.Join(", ", phases.Select(phase => $"{phase.Name} {DurationText.Of(phase.Duration)}"))}");
        if (health is not { } seen)
        {
            return;
        }

        context.Output.WriteResult($"health    {seen.Databases.Count} databases open and can be read{(seen.Amcheck is { } amcheck ? $"; pg_amcheck: {amcheck}" : "")}");
        foreach (var problem in seen.Problems)
        {
            context.Warn(problem);
        }
    }

    /// <inheritdoc cref="WriteEnd(CommandContext, IReadOnlyList{RestorePhase}, ClusterHealth?)"/>
    public static void WriteEnd(Utf8JsonWriter json, IReadOnlyList<RestorePhase> phases, ClusterHealth? health)
    {
        json.WriteStartObject("seconds");
        foreach (var phase in phases)
        {
            json.WriteNumber(phase.Name, Math.Round(phase.Duration.TotalSeconds, 3));
        }

        json.WriteEndObject();
        if (health is not null)
        {
            json.WriteStartObject("health");
            WriteStrings(json, "databases", health.Databases);
            WriteStrings(json, "problems", health.Problems);
            json.WriteString("amcheck", health.Amcheck);
            json.WriteEndObject();
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
