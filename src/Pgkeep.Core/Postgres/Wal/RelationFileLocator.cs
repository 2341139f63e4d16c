namespace Pgkeep.Postgres.Wal;

/// <summary>The files of a relation, as WAL names them. A database of 0 is none: the relation is shared.</summary>
// PostgreSQL src/include/storage/relfilelocator.h, RelFileLocator; up to 15 relfilenode.h, RelFileNode, with the same layout
internal readonly record struct RelationFileLocator(Oid Tablespace, Oid Database, Oid FileNode)
{
    public const int Length = 12;

    /// <summary>As pg_waldump writes it: <c>1663/5/16384</c>.</summary>
    public override string ToString() => $"{Tablespace}/{Database}/{FileNode}";
}
