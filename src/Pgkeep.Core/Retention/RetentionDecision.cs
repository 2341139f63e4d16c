using Pgkeep.Repository;

namespace Pgkeep.Retention;

/// <summary>What becomes of one backup, and why.</summary>
/// <param name="Reason">For a person, without a full stop.</param>
internal sealed record RetentionDecision(StoredBackup Backup, bool IsKept, string Reason);
