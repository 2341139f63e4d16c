namespace Pgkeep.Output.Progress;

/// <summary>Long work whose progress is shown. It is looked at from a thread of its own.</summary>
internal interface IProgressSource
{
    /// <summary>Said once, before anything else; null where there is nothing to say, or not yet.</summary>
    string? Outset { get; }

    /// <summary>What is being done now; null where that has no measure.</summary>
    ProgressStep? Step { get; }
}

/// <summary>See <see cref="ProgressFacts"/>.</summary>
internal readonly record struct ProgressStep(string Verb, string What, string Key, long Bytes, long? TotalBytes);
