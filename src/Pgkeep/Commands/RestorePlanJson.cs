using System.Text.Json;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Restore;

namespace Pgkeep.Commands;

/// <summary>The answer of <c>restore --dry-run --json</c>.</summary>
internal static class RestorePlanJson
{
    public static void Write(Utf8JsonWriter json, RestorePlan plan, RestoreEstimate estimate)
    {
        WriteTarget(json, plan.Target, plan.Wal.End);
        json.WriteString("backup", plan.Backup.Name.ToString());
        json.WriteBoolean("backup_chosen_by_target", plan.IsBackupChosenByTarget);
        json.WriteString("backup_start_lsn", plan.Metadata.StartLsn.ToString());
        json.WriteString("backup_stop_lsn", plan.Metadata.StopLsn.ToString());
        json.WriteString("backup_stopped", plan.Metadata.Stopped);
        json.WriteStartObject("wal");
        json.WriteNumber("timeline", plan.Wal.Chain.Timeline.Value);
        json.WriteNumber("segments", plan.Wal.Chain.Count);
        json.WriteString("first", plan.Wal.Chain.First.ToString());
        json.WriteString("last", plan.Wal.Chain.Last.ToString());
        json.WriteNumber("unarchived", plan.Wal.Unarchived.Count);
        json.WriteString("received_until", plan.Wal.ReceivedUntil?.ToString());
        json.WriteEndObject();
        json.WriteString("server_version", plan.Programs.Version);
        json.WriteString("bin_directory", plan.Programs.Directory);
        json.WriteString("backup_server_version", plan.Metadata.Cluster.PostgresqlVersion);
        json.WriteString("data_directory", plan.DataDirectory);
        json.WriteString("old_data_directory", plan.OldDataDirectory);
        json.WriteStartArray("tablespaces");
        foreach (var tablespace in plan.Tablespaces)
        {
            json.WriteStartObject();
            json.WriteNumber("oid", tablespace.Oid);
            json.WriteString("location", tablespace.Location);
            json.WriteString("original", tablespace.Original);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("disks");
        foreach (var disk in plan.Space.Disks)
        {
            json.WriteStartObject();
            json.WriteString("place", disk.Place);
            json.WriteNumber("needed_bytes", disk.Needed);
            json.WriteNumber("replay_bytes", disk.Replay);
            json.WriteNumber("free_bytes", disk.Free);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteNumber(json, "running_process", plan.Running?.ProcessId);
        json.WriteString("service", plan.Control.ServiceName);
        WriteNumber(json, "seconds_to_copy", estimate.Copying?.TotalSeconds);
        WriteNumber(json, "seconds_to_replay", estimate.Replaying?.TotalSeconds);
        json.WriteStartArray("warnings");
        foreach (var warning in RestorePlanText.WarningsOf(plan))
        {
            json.WriteStringValue(warning);
        }

        json.WriteEndArray();
    }

    private static void WriteTarget(Utf8JsonWriter json, RecoveryTarget target, RecoveryEnd end)
    {
        json.WriteStartObject("target");
        json.WriteString("kind", target.Kind.ToString().ToLowerInvariant());
        json.WriteString("value", target.Setting?.Value);
        json.WriteBoolean("exclusive", target.IsExclusive);
        json.WriteBoolean("behind_the_last_commit", end.IsBehindAll);
        json.WriteString("stop_lsn", end.Stop?.Record.ToString());
        json.WriteEndObject();
        Write(json, "last_in", end.LastIn);
        Write(json, "first_out", end.FirstOut);
        Write(json, "last_commit", end.LastCommit is { } last ? [last] : []);
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<WalMoment> commits)
    {
        json.WriteStartArray(name);
        foreach (var commit in commits)
        {
            json.WriteStartObject();
            json.WriteNumber("xid", commit.Xid);
            json.WriteString("lsn", commit.Start.ToString());
            json.WriteString("time", commit.Time);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, Math.Round(known, 1));
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
