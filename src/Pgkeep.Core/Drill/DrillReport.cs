using System.Text.Json;
using System.Text.Json.Serialization;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Drill;

/// <summary>What a drill found and how long it took, as it is kept in the repository. The format document lists every field.</summary>
internal sealed record DrillReport
{
    public const int CurrentFormatVersion = 1;

    public required int FormatVersion { get; init; }

    public required string PgkeepVersion { get; init; }

    public required DateTimeOffset Started { get; init; }

    public required DateTimeOffset Ended { get; init; }

    /// <summary><c>passed</c>, <c>failed</c> or <c>not done</c>.</summary>
    public required string Result { get; init; }

    /// <summary>Why it was not passed; null where it was.</summary>
    public string? Reason { get; init; }

    /// <summary>Null where none was chosen.</summary>
    public string? Backup { get; init; }

    public DateTimeOffset? BackupStopped { get; init; }

    public string? PostgresqlVersion { get; init; }

    /// <summary>What was asked for, in words.</summary>
    public required string Target { get; init; }

    public TimelineId? Timeline { get; init; }

    public int? WalSegments { get; init; }

    public long? Bytes { get; init; }

    /// <summary>The last commit that the recovered copy has.</summary>
    public DateTimeOffset? LastCommit { get; init; }

    /// <summary>The last one that the archive leads to.</summary>
    public DateTimeOffset? NewestCommit { get; init; }

    /// <summary>From the last commit that was reached to the beginning of the drill: what would have been lost then, at most.</summary>
    public double? RpoSeconds { get; init; }

    /// <summary>From the beginning until every database could be used; the checks behind that are no part of it.</summary>
    public double? RtoSeconds { get; init; }

    /// <summary>What took how long, by phase.</summary>
    public required IReadOnlyDictionary<string, double> Seconds { get; init; }

    public required IReadOnlyList<DrillCheck> Checks { get; init; }

    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, DrillJson.Default.DrillReport), (byte)'\n'];
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(TimelineConverter)])]
[JsonSerializable(typeof(DrillReport))]
internal sealed partial class DrillJson : JsonSerializerContext;
