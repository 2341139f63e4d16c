using Pgkeep.Postgres;

namespace Pgkeep.Search;

internal enum FoundOperation
{
    Insert,
    Update,
    Delete,
    Truncate,
    Drop,
}

/// <summary>What is looked for. A transaction is found that fits in one way; where nothing is said, none is.</summary>
internal sealed record FindQuery
{
    /// <summary>Null is from the oldest backup on.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Null is to the end of the WAL.</summary>
    public DateTimeOffset? Until { get; init; }

    public TableFilter? Table { get; init; }

    /// <summary>On a relation; none stands for all.</summary>
    public IReadOnlyList<FoundOperation> Operations { get; init; } = [];

    /// <summary>Rows that a transaction must have changed, by the operations and in the tables that are asked for.</summary>
    public long MinRows { get; init; }

    public bool DropsDatabase { get; init; }

    public uint? Xid { get; init; }

    /// <summary>Of a record of the transaction.</summary>
    public Lsn? Position { get; init; }

    public string? RestorePoint { get; init; }

    /// <summary>The commits on both sides of a moment.</summary>
    public DateTimeOffset? Near { get; init; }

    /// <summary>Catalogues, TOAST tables, indexes and sequences count like tables.</summary>
    public bool IncludesInternal { get; init; }

    /// <summary>How many are kept; the others are counted.</summary>
    public int Limit { get; init; } = int.MaxValue;

    public bool AsksForRelations => Table is not null || Operations.Count > 0 || MinRows > 0;

    public bool IsEmpty => !AsksForRelations && !DropsDatabase && Xid is null && Position is null && RestorePoint is null && Near is null;

    /// <summary>Whether a moment lies in the time that is asked for.</summary>
    public bool Covers(DateTimeOffset time) => !(time < Since) && !(time > Until);

    /// <summary>Of rows that were changed, those that are asked for.</summary>
    public long RowsAsked(long inserted, long updated, long deleted) =>
        (AsksFor(FoundOperation.Insert) ? inserted : 0) + (AsksFor(FoundOperation.Update) ? updated : 0) + (AsksFor(FoundOperation.Delete) ? deleted : 0);

    public bool AsksFor(FoundOperation operation) => Operations.Count == 0 || Operations.Contains(operation);
}
