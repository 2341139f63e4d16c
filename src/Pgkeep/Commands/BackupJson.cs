using System.Text.Json;
using Pgkeep.Repository;

namespace Pgkeep.Commands;

/// <summary>A backup in the answers of several commands.</summary>
internal static class BackupJson
{
    public static void Write(Utf8JsonWriter json, BackupMetadata metadata)
    {
        json.WriteString("name", metadata.Name);
        json.WriteString("started", metadata.Started);
        json.WriteString("stopped", metadata.Stopped);
        json.WriteString("start_lsn", metadata.StartLsn.ToString());
        json.WriteString("stop_lsn", metadata.StopLsn.ToString());
        json.WriteNumber("timeline", metadata.Timeline.Value);
        json.WriteString("wal", metadata.Wal);
        json.WriteString("backup_from", metadata.BackupFrom);
        json.WriteNumber("files", metadata.Sizes.Files);
        json.WriteNumber("plain_bytes", metadata.Sizes.PlainBytes);
        json.WriteNumber("stored_bytes", metadata.Sizes.StoredBytes);
        json.WriteStartArray("findings");
        foreach (var finding in metadata.Findings)
        {
            json.WriteStringValue(finding);
        }

        json.WriteEndArray();
    }
}
