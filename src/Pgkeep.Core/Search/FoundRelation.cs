using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Search.Names;

namespace Pgkeep.Search;

/// <summary>What a transaction did to a relation as a whole.</summary>
internal enum RelationFate
{
    None,
    Created,
    Truncated,

    /// <summary>VACUUM FULL, CLUSTER, ALTER TABLE, REFRESH MATERIALIZED VIEW: all rows were written anew.</summary>
    Rewritten,

    /// <summary>Into another tablespace.</summary>
    Moved,
    Dropped,

    /// <summary>Its file was removed, and what that was for cannot be told: dropped, truncated or rewritten.</summary>
    FileRemoved,
}

internal sealed record FoundRelation
{
    /// <summary>Before the transaction; null where it is not known.</summary>
    public required RelationName? Name { get; init; }

    /// <summary>Null where it has none.</summary>
    public required RelationFileLocator? File { get; init; }

    /// <summary>0 where it is not known.</summary>
    public required Oid Oid { get; init; }

    /// <summary>pg_class.relkind; NUL where it is not known.</summary>
    public required char Kind { get; init; }

    /// <summary>Of the server itself, or a table's TOAST, an index or a sequence: nothing that a person calls a table of theirs.</summary>
    public required bool IsInternal { get; init; }

    public required long Inserted { get; init; }

    public required long Updated { get; init; }

    public required long Deleted { get; init; }

    public required RelationFate Fate { get; init; }

    /// <summary>For people: the name, or what is known in its place.</summary>
    public string Description => Name?.ToString() ?? (File is { } file ? $"unknown relation {file.Database}/{file.FileNode}" : $"unknown relation {Oid}");
}
