using System.Text.Json;
using System.Text.Json.Serialization;
using Pgkeep.Postgres;

namespace Pgkeep.Repository;

internal sealed class LsnConverter : JsonConverter<Lsn>
{
    public override Lsn Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Lsn.TryParse(reader.GetString(), out var value) ? value : throw new JsonException("not an LSN");

    public override void Write(Utf8JsonWriter writer, Lsn value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

internal sealed class TimelineConverter : JsonConverter<TimelineId>
{
    public override TimelineId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TryGetUInt32(out var value) && value > 0 ? new TimelineId(value) : throw new JsonException("not a timeline");

    public override void Write(Utf8JsonWriter writer, TimelineId value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
}

internal sealed class SegmentConverter : JsonConverter<WalSegmentName>
{
    public override WalSegmentName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        WalSegmentName.TryParse(reader.GetString(), out var value) ? value : throw new JsonException("not a WAL segment name");

    public override void Write(Utf8JsonWriter writer, WalSegmentName value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

/// <summary>A string: it has 64 bits, and many JSON readers have only 53.</summary>
internal sealed class IdentifierConverter : JsonConverter<SystemIdentifier>
{
    public override SystemIdentifier Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        SystemIdentifier.TryParse(reader.GetString(), out var value) ? value : throw new JsonException("not a system identifier");

    public override void Write(Utf8JsonWriter writer, SystemIdentifier value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
