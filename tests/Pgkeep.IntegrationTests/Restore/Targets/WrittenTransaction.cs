namespace Pgkeep.IntegrationTests.Restore.Targets;

/// <summary>The end of a transaction, as its writer saw it.</summary>
/// <param name="Xid">With its epoch.</param>
/// <param name="Record">Where its record begins; null where something else was written between the question and the record.</param>
/// <param name="Behind">No record of another transaction lies before this and behind its own.</param>
/// <param name="Time">By the server's own account; null of one that was aborted.</param>
/// <param name="Before">What was to be seen right before it.</param>
/// <param name="After">What is to be seen from then on.</param>
internal sealed record WrittenTransaction(string Label, ulong Xid, string? Record, string Behind, DateTime? Time, TargetState Before, TargetState After);
