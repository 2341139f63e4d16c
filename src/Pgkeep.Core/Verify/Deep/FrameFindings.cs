namespace Pgkeep.Verify.Deep;

/// <summary>What the check of one frame found, for the step in order.</summary>
internal sealed class FrameFindings
{
    /// <summary>CRC-32 of the frame's content.</summary>
    public required uint Crc { get; init; }

    /// <summary>CRC-32C of each part of a file, in their order.</summary>
    public required IReadOnlyList<uint> PartCrcs { get; init; }

    /// <summary>Why the frame is not what the index says; null where it is.</summary>
    public string? Misfit { get; init; }

    /// <summary>Nothing but zeros from a member's end on.</summary>
    public bool EndsTar { get; init; }

    /// <summary>Of <c>global/pg_control</c>, where it lies in this frame.</summary>
    public byte[]? Control { get; init; }

    public IReadOnlyList<string> PageProblems { get; init; } = [];
}
