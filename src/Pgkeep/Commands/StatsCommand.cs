using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Commands;

internal static class StatsCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.Stats,
        Summary = "Tell how much is stored, how fast it grows and how much space is left",
        Examples = [new("sudo -u postgres scripts/backup-postgres.sh stats", "The runbook's way.")],
        RunAsync = RunAsync,
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var statistics = await RepositoryStatistics.GatherAsync(CommandSettings.LayoutAsOwner(context), context.Time, cancellationToken);
        if (context.Get(OptionTable.Json))
        {
            WriteJson(context, statistics);
        }
        else
        {
            WriteText(context, statistics);
        }

        return 0;
    }

    private static void WriteText(CommandContext context, RepositoryStatistics statistics)
    {
        var table = new TextTable();
        table.Add("backups", Backups(statistics));
        if (statistics.Backups is [var oldest, ..])
        {
            table.Add("oldest", Describe(context, oldest));
            table.Add("newest", Describe(context, statistics.Backups[^1]));
        }

        var files = statistics.Wal.Files.Count();
        table.Add("WAL", files == 0 ? "none" : $"{statistics.Wal.Timelines.Sum(timeline => statistics.Wal.SegmentsOf(timeline).Count)} segments, {ByteSizeText.Of(statistics.WalBytes)}");
        foreach (var timeline in statistics.Wal.Timelines)
        {
            var segments = statistics.Wal.SegmentsOf(timeline);
            table.Add("", $"timeline {timeline}: {segments[0]} to {segments[^1]}, {segments.Count} segments");
        }

        table.Add("disk", Describe(statistics.Volume));
        if (statistics.WalVolume is { } apart)
        {
            table.Add("WAL disk", Describe(apart));
        }

        table.Add("growth", Describe(statistics));
        table.WriteTo(context.Output.WriteResult);
    }

    private static string Backups(RepositoryStatistics statistics)
    {
        var count = statistics.Backups.Count;
        var unusable = statistics.Unusable > 0 ? $"; {statistics.Unusable} cannot be used: pgkeep list tells why" : "";
        return count == 0
            ? $"none{unusable}"
            : $"{count}, {ByteSizeText.Of(statistics.BackupBytes)} stored, {ByteSizeText.Of(statistics.BackupBytes / count)} on average{unusable}";
    }

    private static string Describe(CommandContext context, BackupMetadata backup) =>
        $"{backup.Name}, {ByteSizeText.Of(backup.Sizes.StoredBytes)}, ended {TimestampText.Of(backup.Stopped, context.Time)} ({DurationText.Of(context.Time.GetUtcNow() - backup.Stopped)} ago)";

    private static string Describe(VolumeSpace volume) =>
        $"{volume.UsedPercent} % of {ByteSizeText.Of(volume.Total)} used, {ByteSizeText.Of(volume.Available)} free";

    private static string Describe(RepositoryStatistics statistics)
    {
        if (statistics.Growth is not { } growth)
        {
            return "known after a day";
        }

        var full = growth.BytesPerDay > 0 ? $"; full in {statistics.Volume.Available / growth.BytesPerDay} days if nothing were removed" : "";
        return $"{ByteSizeText.Of(growth.BytesPerDay)} a day (backups {ByteSizeText.Of(growth.BackupBytesPerDay)}, WAL {ByteSizeText.Of(growth.WalBytesPerDay)}){full}";
    }

    private static void WriteJson(CommandContext context, RepositoryStatistics statistics) => context.Output.WriteResult(JsonLine.Write(json =>
    {
        json.WriteNumber("backups", statistics.Backups.Count);
        json.WriteNumber("unusable_backups", statistics.Unusable);
        json.WriteNumber("backup_bytes", statistics.BackupBytes);
        if (statistics.Backups is [var oldest, ..])
        {
            json.WriteNumber("average_backup_bytes", statistics.BackupBytes / statistics.Backups.Count);
            json.WriteString("oldest", oldest.Name);
            json.WriteString("oldest_ended", oldest.Stopped);
            json.WriteString("newest", statistics.Backups[^1].Name);
            json.WriteString("newest_ended", statistics.Backups[^1].Stopped);
        }

        json.WriteNumber("wal_bytes", statistics.WalBytes);
        json.WriteStartArray("timelines");
        foreach (var timeline in statistics.Wal.Timelines)
        {
            WriteTimeline(json, timeline, statistics.Wal.SegmentsOf(timeline));
        }

        json.WriteEndArray();
        json.WriteNumber("disk_total_bytes", statistics.Volume.Total);
        json.WriteNumber("disk_available_bytes", statistics.Volume.Available);
        json.WriteNumber("disk_used_percent", statistics.Volume.UsedPercent);
        if (statistics.Growth is { } growth)
        {
            json.WriteNumber("backup_bytes_per_day", growth.BackupBytesPerDay);
            json.WriteNumber("wal_bytes_per_day", growth.WalBytesPerDay);
        }
    }));

    private static void WriteTimeline(System.Text.Json.Utf8JsonWriter json, TimelineId timeline, IReadOnlyList<WalSegmentName> segments)
    {
        json.WriteStartObject();
        json.WriteNumber("timeline", timeline.Value);
        json.WriteNumber("segments", segments.Count);
        json.WriteString("first", segments[0].ToString());
        json.WriteString("last", segments[^1].ToString());
        json.WriteEndObject();
    }
}
