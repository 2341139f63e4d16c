namespace Pgkeep.Output.Progress;

/// <param name="Archive">What is being written.</param>
/// <param name="TotalBytes">Null where nobody knows; then there is no share and no time left.</param>
/// <param name="BytesPerSecond">Null where too little time has passed to say.</param>
internal readonly record struct ProgressFacts(string Archive, long Bytes, long? TotalBytes, long? BytesPerSecond)
{
    /// <summary>Rounded down: 100 is all of it.</summary>
    public int? Percent => TotalBytes is not { } total ? null : total > 0 ? (int)(Bytes * 100.0 / total) : 100;

    /// <summary>Rounded up; null where nobody can tell.</summary>
    public long? SecondsLeft => TotalBytes is { } total && BytesPerSecond is > 0 and var rate ? (total - Bytes + rate - 1) / rate : null;
}
