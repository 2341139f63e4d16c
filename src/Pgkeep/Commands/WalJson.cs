using System.Text.Json;
using Pgkeep.Check;
using Pgkeep.Check.Wal;

namespace Pgkeep.Commands;

/// <summary>The answer of <c>wal --json</c>.</summary>
internal static class WalJson
{
    public static void Write(Utf8JsonWriter json, WalStatus status)
    {
        json.WriteString("archive", status.Archive);
        json.WriteString("system_identifier", status.Identity.SystemIdentifier.ToString());
        json.WriteNumber("wal_segment_size", status.Identity.WalSegmentSize.Bytes);
        json.WriteNumber("files", status.Files);
        json.WriteNumber("stored_bytes", status.StoredBytes);
        json.WriteNumber("foreign_files", status.ForeignFiles);
        json.WriteStartArray("timelines");
        foreach (var timeline in status.Timelines)
        {
            Write(json, timeline);
        }

        json.WriteEndArray();
        json.WriteStartArray("windows");
        foreach (var window in status.Windows)
        {
            Write(json, window);
        }

        json.WriteEndArray();
        json.WriteStartArray("receivers");
        foreach (var receiver in status.Receivers)
        {
            Write(json, receiver);
        }

        json.WriteEndArray();
        json.WriteStartArray("findings");
        foreach (var finding in status.Findings)
        {
            json.WriteStringValue(finding);
        }

        json.WriteEndArray();
        Write(json, status.Server, status.ServerProblem);
    }

    private static void Write(Utf8JsonWriter json, TimelineStatus timeline)
    {
        json.WriteStartObject();
        json.WriteNumber("timeline", timeline.Timeline.Value);
        json.WriteNumber("segments", timeline.Segments);
        json.WriteNumber("stored_bytes", timeline.StoredBytes);
        json.WriteString("first", timeline.First.ToString());
        json.WriteString("last", timeline.Last.ToString());
        json.WriteString("begin_lsn", timeline.Begin.ToString());
        json.WriteString("end_lsn", timeline.End.ToString());
        json.WriteStartArray("gaps");
        foreach (var gap in timeline.Gaps)
        {
            json.WriteStartObject();
            json.WriteString("first", gap.Gap.First.ToString());
            json.WriteString("last", gap.Gap.Last.ToString());
            json.WriteNumber("segments", gap.Gap.Count);
            json.WriteBoolean("matters", gap.Matters);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, RecoveryWindow window)
    {
        json.WriteStartObject();
        json.WriteString("backup", window.Backup.Name);
        json.WriteNumber("timeline", window.Timeline.Value);
        json.WriteString("from", window.From);
        json.WriteString("commits_until", window.To);
        if (window.LastCommit is { } commit)
        {
            json.WriteStartObject("last_commit");
            json.WriteString("time", commit.Time);
            json.WriteNumber("xid", commit.Xid);
            json.WriteString("lsn", commit.Start.ToString());
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("last_commit");
        }

        if (window.Next is { } next)
        {
            json.WriteNumber("next_timeline", next.Value);
        }

        json.WriteString("last_segment", window.Last?.ToString());
        json.WriteString("missing_segment", window.Missing?.ToString());
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ReceiverStatus receiver)
    {
        json.WriteStartObject();
        json.WriteString("slot", receiver.Name);
        json.WriteBoolean("used", receiver.IsUsed);
        json.WriteBoolean("active", receiver.IsActive);
        json.WriteString("wal_status", receiver.Slot?.WalStatus);
        json.WriteString("received_lsn", receiver.Received?.ToString());
        json.WriteString("last_received_time", receiver.LastReceived);
        if (receiver.LagBytes is { } behind)
        {
            json.WriteNumber("lag_bytes", behind);
        }

        json.WriteNumber("lag_seconds", (long)receiver.Lag.TotalSeconds);
        json.WriteString("problem", receiver.Problem);
        json.WriteEndObject();
    }

    /// <summary>What is not known is not there or null.</summary>
    private static void Write(Utf8JsonWriter json, ServerStatus? server, string? problem)
    {
        if (server is null)
        {
            json.WriteString("server_problem", problem);
            return;
        }

        json.WriteStartObject("server");
        Write(json, server.Report);
        json.WriteBoolean("same_cluster", server.Mismatch is null);
        json.WriteBoolean("stores_nothing", server.Loss is not null);
        if (server.LagBytes is { } behind)
        {
            json.WriteNumber("lag_bytes", behind);
        }

        json.WriteNumber("lag_seconds", (long)server.Lag.TotalSeconds);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ArchiverReport report)
    {
        json.WriteString("role", report.IsInRecovery ? "standby" : "primary");
        json.WriteBoolean("archives", report.ArchivesItself);
        json.WriteString("lsn", report.Position?.ToString());
        if (report.Timeline is { } timeline)
        {
            json.WriteNumber("timeline", timeline.Value);
        }

        json.WriteString("last_archived", report.LastArchived);
        WriteTime(json, "last_archived_time", report.LastArchivedTime);
        json.WriteString("last_failed", report.LastFailed);
        WriteTime(json, "last_failed_time", report.LastFailedTime);
        json.WriteNumber("failures", report.Failures);
        json.WriteBoolean("failing", report.IsFailing);
        if (report.Waiting is { } waiting)
        {
            json.WriteNumber("waiting_files", waiting);
        }
    }

    private static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            json.WriteString(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
