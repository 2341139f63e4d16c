using System.Buffers.Binary;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Search;
using Pgkeep.Search.Names;
using Pgkeep.Streams.Zstd;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Search;

/// <summary>Names that come from records, whatever of a row they have.</summary>
public sealed class CatalogFollowerTests : IDisposable
{
    private const ushort HoleOffset = 64;
    private const int PageLength = 8192;

    private readonly RelationNames _names = KnownNames.Create();
    private readonly TransactionSearch _search;
    private readonly CatalogWal _wal;

    public CatalogFollowerTests()
    {
        _search = new TransactionSearch(new FindQuery { MinRows = 1 }, _names, PageLength);
        _wal = new CatalogWal(_search);
    }

    public void Dispose() => _search.Dispose();

    [Theory]
    [InlineData("renamed", 20001, 0, 0)]
    [InlineData("renamed", 20001, 4, 76)]
    [InlineData("orders", 0x5021, 88, 52)]
    [InlineData("orders", 0x5021, 89, 52)]
    [InlineData("orders", 0x5021, 5, 0)]
    [InlineData("orders", 0x5021, 0, 40)]
    [InlineData("orders", 20001, 120, 3)]
    public void An_update_leaves_out_what_the_old_row_has(string name, uint fileNode, ushort prefix, ushort suffix)
    {
        _wal.Update(100, CatalogWal.RelationsFile, 1, 30, CatalogWal.Relation(17001, name, fileNode), prefix, suffix);

        var row = _names.FindByFile(File(fileNode));
        Assert.Equal((17001u, name, 'r', 2200u), (row!.Oid.Value, row.NameText, row.Kind, row.Schema.Value));
        Assert.Equal(0, _search.LostNames);
    }

    [Fact]
    public void The_old_row_may_lie_on_another_block()
    {
        _wal.UpdateAcross(100, CatalogWal.RelationsFile, 1, 30, CatalogWal.Relation(17001, "renamed", 20001));
        _wal.Abort(100);

        Assert.Equal((0, "orders"), (_search.LostNames, _names.FindByFile(File(20001))!.NameText));
    }

    [Fact]
    public void A_row_of_unknown_beginning_is_lost_and_nothing_is_made_up()
    {
        _wal.Update(100, CatalogWal.RelationsFile, 77, 30, CatalogWal.Relation(17001, "wrong", 20777), prefix: 68);

        Assert.Equal((1, "orders"), (_search.LostNames, _names.FindRelation(new Oid(CatalogWal.Database), new Oid(17001))!.NameText));
        Assert.Null(_names.FindByFile(File(20777)));
    }

    [Fact]
    public void An_old_row_of_another_length_gives_nothing_of_its_end()
    {
        _wal.Insert(100, CatalogWal.RelationsFile, 40, CatalogWal.Relation(16800, "long", 20800, length: 160));
        _wal.Update(100, CatalogWal.RelationsFile, 40, 41, CatalogWal.Relation(16800, "long", 20801), prefix: 4, suffix: 60);

        Assert.Equal(1, _search.LostNames);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("hole")]
    [InlineData("zstd")]
    public void A_page_image_shows_the_row_and_its_neighbours(string compression)
    {
        var page = Page(CatalogWal.Relation(16900, "imaged", 20900), CatalogWal.Relation(16901, "neighbour", 20901));
        var end = page.AsSpan(HoleOffset).IndexOfAnyExcept((byte)0) + HoleOffset;
        byte[] packed = [.. page[..HoleOffset], .. page[end..]];

        switch (compression)
        {
            case "none":
                _wal.InsertWithImage(100, CatalogWal.RelationsFile, 1, page, 0x02);
                break;
            case "hole":
                _wal.InsertWithImage(100, CatalogWal.RelationsFile, 1, packed, 0x03, HoleOffset);
                break;
            default:
                Assert.SkipUnless(ZstdLibrary.IsUsable, "libzstd is missing");
                using (var zstd = new ZstdCompressor(3))
                {
                    var stored = zstd.Compress(packed).ToArray();
                    _wal.InsertWithImage(100, CatalogWal.RelationsFile, 1, stored, 0x13, HoleOffset, (ushort)(end - HoleOffset));
                }

                break;
        }

        Assert.Equal("imaged", _names.FindByFile(File(20900))?.NameText);
        Assert.Equal("neighbour", _names.FindByFile(File(20901))?.NameText);
    }

    [Fact]
    public void A_catalogue_that_was_rewritten_is_followed_in_its_new_file()
    {
        byte[] map = [5, 0, 0, 0, 0x7F, 6, 0, 0, 16, 0, 0, 0, 0x17, 0x27, 0x59, 0, 1, 0, 0, 0, .. BitConverter.GetBytes(1259u), .. BitConverter.GetBytes(20950u)];
        _wal.Add(7, 0, 100, map);
        _wal.Insert(101, 20950, 1, CatalogWal.Relation(16950, "after", 20951));
        _wal.Insert(101, CatalogWal.RelationsFile, 1, CatalogWal.Relation(16951, "elsewhere", 20952));

        Assert.Equal("after", _names.FindByFile(File(20951))?.NameText);
        Assert.Null(_names.FindByFile(File(20952)));
        Assert.Equal("orders", _names.FindByFile(File(20001))?.NameText);
    }

    [Fact]
    public void A_damaged_record_changes_nothing_and_throws_nothing()
    {
        byte[] row = [.. new byte[5], .. CatalogWal.Relation(17001, "x", 20990)];
        foreach (var damaged in Mutation.Of(row, 2000))
        {
            _wal.Insert(100, CatalogWal.RelationsFile, 1, damaged.Length > 20_000 ? damaged[..20_000] : damaged);
        }

        Assert.NotNull(_names.FindByFile(File(20002)));
    }

    private static RelationFileLocator File(uint fileNode) => new(new Oid(1663), new Oid(CatalogWal.Database), new Oid(fileNode));

    /// <summary>With rows that are frozen, at its end.</summary>
    private static byte[] Page(params byte[][] rows)
    {
        var page = new byte[PageLength];
        var end = PageLength;
        for (var i = 0; i < rows.Length; i++)
        {
            var header = new byte[24];
            (header[20], header[21], header[22]) = (0x00, 0x0B, 24);
            byte[] tuple = [.. header, .. rows[i]];
            end -= tuple.Length;
            tuple.CopyTo(page, end);
            BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(24 + (4 * i)), (uint)end | (1u << 15) | ((uint)tuple.Length << 17));
        }

        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(12), (ushort)(24 + (4 * rows.Length)));
        return page;
    }
}
