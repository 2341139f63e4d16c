using System.Diagnostics.CodeAnalysis;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Pages;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Changes;

namespace Pgkeep.Search.Names;

/// <summary>
/// Follows the names of relations through the WAL: the server's own changes of its catalogues, row by row. A record has the new row, or what is new in it beside the version before, or an
/// image of the page on which it lies then. A catalogue that was rewritten (VACUUM FULL pg_class) has its rows in other places, which no record tells: of those rows the names stay known
/// and what happens to them later does not, until an image of their page shows where they are.
/// </summary>
internal sealed class CatalogFollower : IDisposable
{
    private readonly RelationNames _names;
    private readonly PageImages _images;
    private PostgresVersion? _version;

    /// <param name="pageLength">BLCKSZ.</param>
    public CatalogFollower(RelationNames names, uint pageLength) => (_names, _images) = (names, new PageImages(pageLength));

    /// <summary>Changes of a catalogue that could not be read.</summary>
    public long Lost { get; private set; }

    /// <param name="edits">Takes what the record changes; what can be read of it counts at once.</param>
    public void Visit(in WalRecord record, WalRecordBody body, TrackedCatalog catalog, List<CatalogEdit> edits)
    {
        if (!TryGetVersion(record))
        {
            return;
        }

        LearnImages(record, body);
        if (!HeapChange.TryRead(record, body, out var change))
        {
            return;
        }

        var before = edits.Count;
        switch (change.Operation)
        {
            case HeapOperation.Insert when HeapRows.TryReadInsert(record, body, out var row):
                edits.Add(new CatalogEdit(record.Start, catalog, null, null, row.Place, Read(record, body, catalog, row, null)));
                break;
            case HeapOperation.MultiInsert:
                AddMany(record, body, catalog, change.Rows, edits);
                break;
            case HeapOperation.Update or HeapOperation.HotUpdate when HeapRows.TryReadUpdate(record, body, out var place, out var row):
                var known = catalog.Rows.GetValueOrDefault(place);
                edits.Add(new CatalogEdit(record.Start, catalog, place, known, row.Place, Read(record, body, catalog, row, known)));
                break;
            case HeapOperation.Delete when HeapRows.TryReadDelete(record, body, out var place):
                edits.Add(new CatalogEdit(record.Start, catalog, place, catalog.Rows.GetValueOrDefault(place), null, null));
                break;
        }

        foreach (var edit in edits.Skip(before))
        {
            Lost += (!edit.IsDeletion && edit.New is null) || (!edit.IsInsertion && edit.Old is null) ? 1 : 0;
            _names.Apply(edit);
        }
    }

    /// <summary>What images of a catalogue's pages show that is not known yet.</summary>
    public void LearnImages(in WalRecord record, WalRecordBody body)
    {
        if (body.ImageLength == 0 || !TryGetVersion(record))
        {
            return;
        }

        foreach (ref readonly var block in body.Blocks)
        {
            if (block is { HasImage: true, Fork: RelationFork.Main } && _names.FindCatalog(block.Relation) is { } catalog)
            {
                Learn(new HeapPage(_images.Restore(record, body, block)), block.Block, catalog);
            }
        }
    }

    /// <summary>The row that VACUUM, or DROP DATABASE before it begins, has changed where it lies.</summary>
    /// <returns>Null where it cannot be read.</returns>
    public CatalogRow? ReadInPlace(in WalRecord record, WalRecordBody body, TrackedCatalog catalog, out TupleId place)
    {
        place = default;
        if (!TryGetVersion(record) || !HeapRows.TryReadInPlace(record, body, out place, out var columns))
        {
            return null;
        }

        return columns.IsEmpty
            ? ReadImage(record, body, catalog, place)
            : CatalogRow.Parse(catalog.Catalog, catalog.Database, _version, columns, columns.Length);
    }

    public void Dispose() => _images.Dispose();

    private void AddMany(in WalRecord record, WalRecordBody body, TrackedCatalog catalog, int count, List<CatalogEdit> edits)
    {
        var position = 0;
        for (var i = 0; i < count && HeapRows.TryReadMany(record, body, i, ref position, out var row); i++)
        {
            edits.Add(new CatalogEdit(record.Start, catalog, null, null, row.Place, Read(record, body, catalog, row, null)));
        }
    }

    private void Learn(HeapPage page, uint block, TrackedCatalog catalog)
    {
        for (var number = 1; number <= page.Count; number++)
        {
            var place = new TupleId(block, (ushort)number);
            if (!page.TryGet(number, out var tuple)
                || catalog.Rows.ContainsKey(place)
                || CatalogRow.Parse(catalog.Catalog, catalog.Database, _version!, tuple.Columns, tuple.Columns.Length) is not { } row)
            {
                continue;
            }

            catalog.Rows.Add(place, row);
            // Nobody is at work in a database that is copied: what was not taken back there is.
            if ((tuple.IsKnownLive || (tuple.MayBeLive && _names.IsCopied(catalog.Database))) && (catalog.Catalog != Catalog.Relations || _names.FindRelation(row.Database, row.Oid) is null))
            {
                _names.Set(catalog.Catalog, row);
            }
        }
    }

    private CatalogRow? Read(in WalRecord record, WalRecordBody body, TrackedCatalog catalog, in NewRow row, CatalogRow? old)
    {
        if (!row.IsInRecord)
        {
            return KeepMapped(ReadImage(record, body, catalog, row.Place), old);
        }

        var length = CatalogRow.FixedLength(catalog.Catalog, _version!);
        Span<byte> columns = stackalloc byte[length];
        if (row is { Prefix: 0, Suffix: 0 })
        {
            return KeepMapped(CatalogRow.Parse(catalog.Catalog, catalog.Database, _version!, row.Columns, row.Length), old);
        }

        var suffixBegin = row.Length - row.Suffix;

        // The end of the one is that of the other: where it begins among the columns that matter, both have the same length, or 30 bytes of one row would fit by
        // chance to others of the other.
        if (old is null || (suffixBegin < length && old.Length != 0 && old.Length != row.Length))
        {
            return null;
        }

        old.WriteTo(columns, catalog.Catalog, _version!);
        var begin = Math.Min(row.Prefix, length);
        row.Columns[..Math.Min(row.Columns.Length, length - begin)].CopyTo(columns[begin..]);
        return KeepMapped(CatalogRow.Parse(catalog.Catalog, catalog.Database, _version!, columns, row.Length), old) is { } read && read.Oid == old.Oid ? read : null;
    }

    private CatalogRow? ReadImage(in WalRecord record, WalRecordBody body, TrackedCatalog catalog, TupleId place)
    {
        var page = new HeapPage(_images.Restore(record, body, body.Blocks[0]));
        return page.TryGet(place.Offset, out var tuple) ? CatalogRow.Parse(catalog.Catalog, catalog.Database, _version!, tuple.Columns, tuple.Columns.Length) : null;
    }

    /// <summary>A catalogue whose file the relation map has says none itself.</summary>
    private static CatalogRow? KeepMapped(CatalogRow? row, CatalogRow? old) =>
        row is { FileNode.Value: 0 } && old is { FileNode.Value: > 0 } && old.Oid.Value < CatalogOids.FirstNormal ? row.With(fileNode: old.FileNode) : row;

    [MemberNotNullWhen(true, nameof(_version))]
    private bool TryGetVersion(in WalRecord record) =>
        (_version is not null && _version.WalMagic == record.Format.Magic) || PostgresVersion.TryGetByWalMagic(record.Format.Magic, out _version);
}
