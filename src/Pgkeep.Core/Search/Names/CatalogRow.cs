using System.Buffers.Binary;
using System.Text;
using Pgkeep.Postgres;

namespace Pgkeep.Search.Names;

/// <summary>A version of a row of pg_class, pg_namespace or pg_database, as far as names and files rest on it. All three begin with OID and name.</summary>
// PostgreSQL src/include/catalog/pg_class.h, pg_namespace.h, pg_database.h; src/include/c.h, NameData
internal sealed class CatalogRow
{
    private const int NameOffset = 4;
    private const int NameLength = 64;
    private const int SchemaOffset = 68;
    private const int FileNodeOffset = 88;
    private const int TablespaceOffset = 92;

    /// <summary>In which the row lies; 0 of a row of pg_database, which is shared.</summary>
    public required Oid Database { get; init; }

    public required Oid Oid { get; init; }

    /// <summary>UTF-8 in a cluster of that encoding, else in whatever the database has.</summary>
    public required ReadOnlyMemory<byte> Name { get; init; }

    /// <summary>relnamespace.</summary>
    public Oid Schema { get; init; }

    /// <summary>Of the relation's file; 0 where it has none. A catalogue that the relation map has the file of has it here too.</summary>
    public Oid FileNode { get; init; }

    /// <summary>reltablespace, 0 for the database's own; or dattablespace.</summary>
    public Oid Tablespace { get; init; }

    /// <summary>relkind.</summary>
    public char Kind { get; init; }

    /// <summary>datconnlimit.</summary>
    public int ConnectionLimit { get; init; }

    /// <summary>Bytes of all its columns; 0 where that is not known.</summary>
    public int Length { get; init; }

    public string NameText => Encoding.UTF8.GetString(Name.Span);

    /// <summary>How many bytes of the columns matter here.</summary>
    public static int FixedLength(Catalog catalog, PostgresVersion version) => catalog switch
    {
        Catalog.Relations => version.RelationKindOffset + 1,
        Catalog.Databases => version.DatabaseTablespaceOffset + sizeof(uint),
        _ => NameOffset + NameLength,
    };

    /// <param name="columns">At least <see cref="FixedLength"/> of them.</param>
    /// <param name="length">Of all of them.</param>
    /// <returns>Null where it cannot be such a row.</returns>
    public static CatalogRow? Parse(Catalog catalog, Oid database, PostgresVersion version, ReadOnlySpan<byte> columns, int length)
    {
        if (columns.Length < FixedLength(catalog, version) || length < FixedLength(catalog, version))
        {
            return null;
        }

        var name = columns.Slice(NameOffset, NameLength);
        var end = name.IndexOf((byte)0);
        var (isRelation, isDatabase) = (catalog == Catalog.Relations, catalog == Catalog.Databases);
        var row = new CatalogRow
        {
            Database = database,
            Oid = ReadOid(columns, 0),
            Name = name[..Math.Max(end, 0)].ToArray(),
            Schema = isRelation ? ReadOid(columns, SchemaOffset) : default,
            FileNode = isRelation ? ReadOid(columns, FileNodeOffset) : default,
            Tablespace = isRelation ? ReadOid(columns, TablespaceOffset) : isDatabase ? ReadOid(columns, version.DatabaseTablespaceOffset) : default,
            Kind = isRelation ? (char)columns[version.RelationKindOffset] : default,
            ConnectionLimit = isDatabase ? BinaryPrimitives.ReadInt32LittleEndian(columns[version.DatabaseConnectionLimitOffset..]) : 0,
            Length = length,
        };
        return row.Oid.Value != 0 && end > 0 && (!isRelation || char.IsAsciiLetter(row.Kind)) ? row : null;
    }

    /// <summary>The columns that matter as the row has them, zeros between them.</summary>
    /// <param name="columns">Of <see cref="FixedLength"/>.</param>
    public void WriteTo(Span<byte> columns, Catalog catalog, PostgresVersion version)
    {
        columns.Clear();
        WriteOid(columns, 0, Oid);
        Name.Span.CopyTo(columns.Slice(NameOffset, NameLength));
        if (catalog == Catalog.Relations)
        {
            WriteOid(columns, SchemaOffset, Schema);
            WriteOid(columns, FileNodeOffset, FileNode);
            WriteOid(columns, TablespaceOffset, Tablespace);
            columns[version.RelationKindOffset] = (byte)Kind;
        }
        else if (catalog == Catalog.Databases)
        {
            BinaryPrimitives.WriteInt32LittleEndian(columns[version.DatabaseConnectionLimitOffset..], ConnectionLimit);
            WriteOid(columns, version.DatabaseTablespaceOffset, Tablespace);
        }
    }

    public CatalogRow With(Oid? database = null, Oid? fileNode = null) => new()
    {
        Database = database ?? Database,
        Oid = Oid,
        Name = Name,
        Schema = Schema,
        FileNode = fileNode ?? FileNode,
        Tablespace = Tablespace,
        Kind = Kind,
        ConnectionLimit = ConnectionLimit,
        Length = Length,
    };

    private static Oid ReadOid(ReadOnlySpan<byte> columns, int offset) => new(BinaryPrimitives.ReadUInt32LittleEndian(columns[offset..]));

    private static void WriteOid(Span<byte> columns, int offset, Oid value) => BinaryPrimitives.WriteUInt32LittleEndian(columns[offset..], value.Value);
}
