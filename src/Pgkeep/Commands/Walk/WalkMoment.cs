namespace Pgkeep.Commands.Walk;

/// <summary>A moment that a person can stop at, in words.</summary>
internal sealed record WalkMoment
{
    /// <summary>commit, rollback, point.</summary>
    public required string Title { get; init; }

    /// <summary>With its zone; empty where it has none.</summary>
    public required string Time { get; init; }

    public required string ShortTime { get; init; }

    /// <summary>Of its transaction; empty where it has none.</summary>
    public required string Xid { get; init; }

    /// <summary>What happened, in one line.</summary>
    public required string Summary { get; init; }

    /// <summary>All about it, behind the title.</summary>
    public required IReadOnlyList<string> Description { get; init; }

    /// <summary>That lead to it: one for right before it, and one for right after it; empty where there is nothing to restore to.</summary>
    public required IReadOnlyList<WalkCommand> Commands { get; init; }

    /// <summary>A line each.</summary>
    public IReadOnlyList<string> Did { get; init; } = [];
}
