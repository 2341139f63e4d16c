namespace Pgkeep.Verify.Deep;

/// <summary>What reading one archive came to, besides what the list of problems has.</summary>
internal sealed record ArchiveOutcome
{
    /// <summary>Every frame was read, and the tar ends where it should.</summary>
    public required bool IsComplete { get; init; }

    /// <summary>Content of <c>global/pg_control</c>, which is the last member of the main archive.</summary>
    public byte[]? Control { get; init; }

    /// <summary>Why the index cannot be used although the archive is what was stored: everything found by it is void.</summary>
    public string? IndexProblem { get; init; }
}
