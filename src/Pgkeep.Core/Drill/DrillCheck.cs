using System.Text.Json.Serialization;

namespace Pgkeep.Drill;

/// <summary>One thing that was looked at in the recovered copy.</summary>
/// <param name="Detail">What was seen, for a person; of a failure why.</param>
internal sealed record DrillCheck(string Name, [property: JsonPropertyName("passed")] bool IsPassed, string Detail);
