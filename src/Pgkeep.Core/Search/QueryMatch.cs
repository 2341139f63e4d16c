namespace Pgkeep.Search;

/// <summary>Whether a transaction is one that was asked for.</summary>
internal static class QueryMatch
{
    /// <summary>Whether it is worth while to look at all that it did; costs next to nothing for the many that are not meant.</summary>
    public static bool MayMatch(FindQuery query, IReadOnlyList<OpenTransaction> parts, bool unlinksFiles)
    {
        if (unlinksFiles || parts.Any(part => !part.HasRowsOnly))
        {
            return true;
        }

        return query.AsksForRelations && parts.Any(part => part.Counts.Any(count => query.Table is not { } table || (count.Relation is { } row && table.MayMatch(row))));
    }

    public static bool Matches(FindQuery query, FoundTransaction transaction)
    {
        if (query.DropsDatabase && transaction.DroppedDatabases.Count > 0)
        {
            return true;
        }

        if (!query.AsksForRelations)
        {
            return false;
        }

        var asked = transaction.Relations.Where(relation => IsAskedFor(query, relation)).ToList();
        var rows = asked.Sum(relation => query.RowsAsked(relation.Inserted, relation.Updated, relation.Deleted));
        return rows >= Math.Max(1, query.MinRows) || (query.MinRows == 0 && asked.Any(relation => HasFate(query, relation.Fate)));
    }

    public static bool IsAskedFor(FindQuery query, FoundRelation relation) =>
        query.Table is { } table ? relation.Name is { } name && table.Matches(name) : query.IncludesInternal || !relation.IsInternal;

    private static bool HasFate(FindQuery query, RelationFate fate) => fate switch
    {
        RelationFate.None => false,
        RelationFate.Truncated => query.AsksFor(FoundOperation.Truncate),
        RelationFate.Dropped => query.AsksFor(FoundOperation.Drop),
        RelationFate.FileRemoved => query.AsksFor(FoundOperation.Truncate) || query.AsksFor(FoundOperation.Drop),
        _ => query.Operations.Count == 0,
    };
}
