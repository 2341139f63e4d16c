namespace Pgkeep.Output.Progress;

/// <param name="Verb">What is done: "copying".</param>
/// <param name="What">What it is done with: a file's name, or how far it is.</param>
/// <param name="Key">What that is called in JSON.</param>
/// <param name="TotalBytes">Null where nobody knows; then there is no share and no time left.</param>
/// <param name="BytesPerSecond">Null where too little time has passed to say.</param>
internal readonly record struct ProgressFacts(string Verb, string What, string Key, long Bytes, long? TotalBytes, long? BytesPerSecond)
{
    /// <summary>Rounded down: 100 is all of it.</summary>
    public int? Percent => TotalBytes is not { } total ? null : total > 0 ? (int)(Bytes * 100.0 / total) : 100;

    /// <summary>Rounded up; null where nobody can tell.</summary>
    public long? SecondsLeft => TotalBytes is { } total && BytesPerSecond is > 0 and var rate ? (total - Bytes + rate - 1) / rate : null;
}
