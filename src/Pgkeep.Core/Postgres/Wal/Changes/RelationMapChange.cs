namespace Pgkeep.Postgres.Wal.Changes;

/// <summary>
/// The files of the catalogues that have no file number in pg_class, pg_class itself among them: VACUUM FULL of one gives it another. Valid as long as the record is.
/// </summary>
// PostgreSQL src/include/utils/relmapper.h, xl_relmap_update; src/backend/utils/cache/relmapper.c, RelMapFile
internal readonly ref struct RelationMapChange
{
    private const byte Update = 0x00;
    private const uint Magic = 0x592717;
    private const int NumbersOfOne = 2;

    /// <summary>0: the map of the shared catalogues.</summary>
    public required Oid Database { get; init; }

    public required Oid Tablespace { get; init; }

    /// <summary>Of each catalogue in turn its OID and its file number.</summary>
    public required PackedNumbers Mappings { get; init; }

    /// <returns>The file number of a catalogue; null where the map does not have it.</returns>
    public Oid? Find(Oid relation)
    {
        for (var i = 0; i + 1 < Mappings.Count; i += NumbersOfOne)
        {
            if (Mappings[i] == relation.Value)
            {
                return new Oid(Mappings[i + 1]);
            }
        }

        return null;
    }

    /// <param name="body">Of the record.</param>
    /// <returns>False for other records, and where the record is not what it should be or not all of it is held.</returns>
    public static bool TryRead(in WalRecord record, WalRecordBody body, out RelationMapChange change)
    {
        change = default;
        if (!record.IsOf(WalManagers.RelationMap, Update))
        {
            return false;
        }

        var data = new MainDataCursor(body.MainData(record));
        var (database, tablespace, length) = (data.Oid(), data.Oid(), data.UInt32());
        var map = new MainDataCursor(data.Items(length, 1));
        var magic = map.UInt32();
        change = new RelationMapChange { Database = database, Tablespace = tablespace, Mappings = new PackedNumbers(map.CountedItems(NumbersOfOne * sizeof(uint))) };
        return !data.IsShort && !map.IsShort && magic == Magic;
    }
}
