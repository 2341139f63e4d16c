using System.Buffers.Binary;

namespace Pgkeep.Postgres.Wal;

/// <summary>The files of a relation, as WAL names them. A database of 0 is none: the relation is shared.</summary>
// PostgreSQL src/include/storage/relfilelocator.h, RelFileLocator; up to 15 relfilenode.h, RelFileNode, with the same layout
internal readonly record struct RelationFileLocator(Oid Tablespace, Oid Database, Oid FileNode)
{
    public const int Length = 12;

    /// <param name="bytes">At least <see cref="Length"/>.</param>
    public static RelationFileLocator Read(ReadOnlySpan<byte> bytes) => new(
        new Oid(BinaryPrimitives.ReadUInt32LittleEndian(bytes)),
        new Oid(BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..])),
        new Oid(BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..])));

    /// <summary>As pg_waldump writes it: <c>1663/5/16384</c>.</summary>
    public override string ToString() => $"{Tablespace}/{Database}/{FileNode}";
}
