using Pgkeep.Postgres;

namespace Pgkeep.Search;

internal enum TransactionOutcome
{
    Committed,
    RolledBack,

    /// <summary>Neither is in the WAL that was read.</summary>
    Unfinished,
}

/// <summary>A transaction and what it did, its subtransactions with it.</summary>
internal sealed record FoundTransaction
{
    public required uint Xid { get; init; }

    public required TransactionOutcome Outcome { get; init; }

    /// <summary>Of its end, by the server's clock, to the microsecond; null of one that has none.</summary>
    public required DateTimeOffset? Time { get; init; }

    /// <summary>Where the record of its end begins, which is the LSN that recovery compares with a target.</summary>
    public required Lsn? End { get; init; }

    /// <summary>Where the record before that begins.</summary>
    public required Lsn? Before { get; init; }

    /// <summary>Whether it was prepared first, and ended by COMMIT PREPARED or ROLLBACK PREPARED.</summary>
    public required bool IsPrepared { get; init; }

    /// <summary>Whether it may have begun before what was read, so that rows are missing here.</summary>
    public required bool MayHaveBegunBefore { get; init; }

    public required IReadOnlyList<FoundRelation> Relations { get; init; }

    public required IReadOnlyList<FoundDatabase> DroppedDatabases { get; init; }

    /// <summary>
    /// Before it lies the state before the transaction: of one that drops a database a position, for its files are gone before it commits, of any other that has committed its end.
    /// </summary>
    public Lsn? RestoreBefore => DroppedDatabases.Count > 0 ? DroppedDatabases.Min(database => database.Position)
        : Outcome == TransactionOutcome.Committed ? End
        : null;
}

/// <param name="Name">Its OID where that is all that is known.</param>
/// <param name="Position">As <see cref="DroppedDatabase.Position"/>.</param>
internal sealed record FoundDatabase(Oid Oid, string Name, Lsn Position);
