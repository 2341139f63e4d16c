using System.Buffers.Binary;
using System.Text;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Restore.Copies;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore.Copies;

public sealed class CopyWalVisitorTests
{
    private static readonly Lsn Start = new(0x100000);

    private readonly WalBuilder _wal = new(Start);

    [Fact]
    public void The_first_tablespace_that_leads_out_is_kept_with_its_place()
    {
        _wal.AddMessage(100);
        AddTablespace(16390, "");
        var at = AddTablespace(16391, "/srv/größer");
        AddTablespace(16392, "/srv/later");

        var visitor = Read(null);

        Assert.Equal((at, new Oid(16391), "/srv/größer"), (visitor.Created!.At, visitor.Created.Oid, visitor.Created.Location));
    }

    [Fact]
    public void A_tablespace_in_place_leads_nowhere()
    {
        AddTablespace(16390, "");

        Assert.Null(Read(null).Created);
    }

    [Fact]
    public void A_dropped_one_is_none()
    {
        _wal.Add(WalManagers.Tablespace, 0x10, WalBuilder.MainData([1, 2, 3, 4]));

        Assert.Null(Read(null).Created);
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3, 4 })]
    [InlineData(new byte[] { 1, 2, 3, 4, 47, 120 })]
    public void One_whose_path_does_not_end_could_lead_anywhere(byte[] data)
    {
        _wal.Add(WalManagers.Tablespace, 0, WalBuilder.MainData(data));

        Assert.False(Read(null).Created!.IsInPlace);
    }

    [Fact]
    public void What_is_not_replayed_does_not_count()
    {
        AddTablespace(16390, "/srv/before");
        var from = _wal.AddMessage(100);
        var last = _wal.AddMessage(100);
        var until = AddTablespace(16391, "/srv/behind");

        var visitor = Read(until, from);

        Assert.Null(visitor.Created);
        Assert.Equal(last, visitor.Last);
    }

    [Fact]
    public void One_right_before_the_end_counts()
    {
        var at = AddTablespace(16391, "/srv/x");
        var until = _wal.AddMessage(100);

        Assert.Equal(at, Read(until).Created!.At);
    }

    [Fact]
    public void One_that_lies_on_two_pages_is_read_as_a_whole()
    {
        _wal.AddMessage(8192 - 40 - 40);
        var at = AddTablespace(16391, "/srv/" + new string('x', 200));

        Assert.Equal((at, 205), (Read(null).Created!.At, Read(null).Created!.Location.Length));
    }

    [Fact]
    public void The_highest_limits_of_all_starts_are_kept()
    {
        AddLimits(200, 8, 10, 5, 64);
        AddLimits(100, 20, 12, 0, 128);

        Assert.Equal(new ServerLimits(200, 20, 12, 5, 128), Read(null).Limits);
    }

    [Fact]
    public void Records_of_an_extension_are_noticed()
    {
        _wal.Add(200, 0, WalBuilder.MainData([1]));

        Assert.Equal((byte)200, Read(null).CustomManager);
    }

    private Lsn AddTablespace(uint oid, string path)
    {
        var data = new byte[4 + Encoding.UTF8.GetByteCount(path) + 1];
        BinaryPrimitives.WriteUInt32LittleEndian(data, oid);
        Encoding.UTF8.GetBytes(path).CopyTo(data, 4);
        return _wal.Add(WalManagers.Tablespace, 0, WalBuilder.MainData(data));
    }

    private void AddLimits(params int[] values)
    {
        var data = new byte[28];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(data.AsSpan(i * 4), values[i]);
        }

        _wal.Add(WalManagers.Log, WalManagers.LogParameterChange, WalBuilder.MainData(data));
    }

    private CopyWalVisitor Read(Lsn? until, Lsn? from = null)
    {
        var visitor = new CopyWalVisitor(from ?? Start, until);
        var wal = _wal.ToArray();
        var pages = new byte[(wal.Length + _wal.BlockSize - 1) / _wal.BlockSize * _wal.BlockSize];
        wal.CopyTo(pages, 0);
        new WalRecordReader(Start, _wal.SegmentSize, _wal.BlockSize, 1024 * 1024).Read(pages, visitor);
        return visitor;
    }
}
