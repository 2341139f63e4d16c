using System.Buffers.Binary;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Changes;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Postgres.Wal;

/// <summary>Whatever the bytes, reading them ends with a value: nothing is thrown, and nothing is taken for a record whose checksum does not fit.</summary>
public sealed class WalFuzzTests
{
    private const int Seed = 20_261_123;
    private const int Block = 1024;
    private const int Pages = 24;
    private const int Records = 60;

    private static readonly Lsn Begin = new(0x30_0000);

    private static bool IsSoak => Environment.GetEnvironmentVariable("PGKEEP_TEST_SOAK") == "1";

    [Fact]
    public void Damaged_and_cut_WAL_is_read_to_a_typed_end()
    {
        var random = new Random(Seed);
        var original = Original();
        var work = new byte[original.Length];
        var visitor = new DecodingVisitor();
        for (var i = 0; i < (IsSoak ? 1_000_000 : 50_000); i++)
        {
            original.CopyTo(work.AsSpan());
            var seals = Damage(work, random);
            var pages = random.Next(4) == 0 ? random.Next(1, Pages + 1) : Pages;
            var first = random.Next(3) == 0 ? random.Next(pages) : 0;
            var reader = new WalRecordReader(Begin + (ulong)(first * Block), new WalSegmentSize(1024 * 1024), Block, 24 + random.Next(4096));

            reader.Read(work.AsSpan(first * Block, (pages - first) * Block), visitor);

            Assert.True(reader.End >= Begin && reader.End <= Begin + (ulong)work.Length);
            Assert.True(reader.Stop is null || reader.Stop.Problem.Length > 0);
            Assert.True(seals || reader.Records <= Records);
        }

        Assert.True(visitor.Decoded > 100_000);
        Assert.True(visitor.Refused > 1_000);
    }



    /// <summary>Records of all shapes: blocks, images, transactions' ends, and long ones.</summary>
    private static byte[] Original()
    {
        var wal = new WalBuilder(Begin) { BlockSize = Block };
        byte[] relation = [0x7F, 6, 0, 0, 5, 0, 0, 0, 0, 64, 0, 0];
        for (var i = 0; i < Records; i++)
        {
            switch (i % 6)
            {
                case 0:
                    wal.Add(10, 0, [0, 0x30, 3, 0, 200, 0, 32, 0, 0x07, 9, 9, .. relation, 7, 0, 0, 0, 1, 0xA0, 2, 0, 8, 0, 0, 0, 255, 4, .. new byte[200 + 3 + 2 + 4]], 9);
                    break;
                case 1:
                    wal.AddCommit(9, DateTimeOffset.UnixEpoch.AddYears(55));
                    break;
                case 2:
                    wal.Add(1, 0xB0, WalBuilder.MainData([.. new byte[8], 0x1F, 1, 0, 0, .. new byte[8], 2, 0, 0, 0, .. new byte[8], .. new byte[40]]), 9);
                    break;
                case 3:
                    wal.AddMessage(27 + (i * 53));
                    break;
                case 4:
                    wal.Add((byte)(i % 4 == 0 ? 2 : i % 3 == 0 ? 4 : 7), (byte)(i % 5 == 0 ? 0x20 : 0x10), WalBuilder.MainData([5, 0, 0, 0, 2, 0, 0, 0, .. new byte[40]]), 9);
                    break;
                default:
                    wal.Add(9, 0x50, [0, 0x20, 40, 0, .. relation, 7, 0, 0, 0, 253, 1, 0, 252, 1, 0, 0, 0, .. new byte[40]], 9);
                    break;
            }
        }

        var bytes = wal.ToArray();
        Assert.InRange(bytes.Length, 8 * Block, Pages * Block);
        return [.. bytes, .. new byte[(Pages * Block) - bytes.Length]];
    }

    /// <returns>Whether a damaged record was given a checksum that fits, so that what is in it is looked at.</returns>
    private static bool Damage(byte[] bytes, Random random)
    {
        var seals = random.Next(2) == 0;
        for (var change = random.Next(6); change >= 0; change--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at & ~7), random.Next(3) == 0 ? uint.MaxValue : (uint)random.Next(100_000));
                    break;
                case 3:
                    bytes.AsSpan(at / Block * Block, Block).Clear();
                    break;
                default:
                    bytes.AsSpan(random.Next(Pages) * Block, Block).CopyTo(bytes.AsSpan(at / Block * Block));
                    break;
            }
        }

        if (seals)
        {
            SealFirst(bytes, random);
        }

        return seals;
    }

    /// <summary>Gives the records of the first page, as far as they can be followed, checksums that fit again, after a byte of one was changed.</summary>
    private static void SealFirst(byte[] bytes, Random random)
    {
        for (var offset = WalPageHeader.LongLength; offset + WalRecordHeader.Length <= Block;)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));
            if (length < WalRecordHeader.Length || length > Block - offset)
            {
                return;
            }

            var record = bytes.AsSpan(offset, (int)length);
            if (record.Length > WalRecordHeader.Length)
            {
                record[random.Next(WalRecordHeader.Length, Math.Min(record.Length, WalRecordHeader.Length + 40))] = (byte)random.Next(256);
            }

            WalBuilder.Seal(record);
            offset += ((int)length + 7) & ~7;
        }
    }

    private sealed class DecodingVisitor : IWalRecordVisitor
    {
        private readonly WalRecordBody _body = new();
        private readonly WalRecordBlocks _blocks = new();
        private readonly WalStatistics _statistics = new();

        public long Decoded { get; private set; }

        public long Refused { get; private set; }

        public bool Visit(in WalRecord record)
        {
            if (!_body.TryDecode(record, out var problem))
            {
                Assert.NotEmpty(problem);
                Refused++;
                return true;
            }

            Decoded++;
            _statistics.Add(record, _body);
            Assert.True(_body.MainOffset + (long)_body.MainLength == record.Header.TotalLength || _body.MainLength == 0);
            foreach (var block in _body.Blocks)
            {
                Assert.True((long)_body.DataOffset + block.DataOffset + block.DataLength <= record.Header.TotalLength);
                Assert.True(_body.Data(record, block).Length <= block.DataLength && _body.Image(record, block).Length <= block.ImageLength);
            }

            DecodeChange(record);
            CompareBlocks(record);
            if (WalMoment.TryRead(record, _body, out var moment))
            {
                _statistics.Add(moment);
            }

            return true;
        }

        private void CompareBlocks(in WalRecord record)
        {
            var isRead = _blocks.TryRead(record);
            Assert.True(isRead || !record.IsWhole);
            if (isRead)
            {
                Assert.True(_blocks.MainData(record).SequenceEqual(_body.MainData(record)));
                Assert.Equal(_body.Blocks.ToArray().Select(block => (block.Relation, block.Fork, block.Block)), _blocks.Blocks.ToArray().Select(block => (block.Relation, block.Fork, block.Block)));
            }
        }

        private void DecodeChange(in WalRecord record)
        {
            Assert.True(!HeapChange.TryRead(record, _body, out var heap) || heap.Rows >= 0);
            Assert.True(!StorageChange.TryRead(record, _body, out var storage) || storage.Fork <= RelationFork.Init);
            Assert.True(!TransactionEnd.TryRead(record, _body, out var end) || end.Subtransactions.ToArray().Length + end.UnlinkedFiles.ToArray().Length <= record.Bytes.Length);
            DatabaseChange.TryRead(record, _body, out _);
            RelationMapChange.TryRead(record, _body, out _);
            TransactionAssignment.TryRead(record, _body, out _);
        }
    }
}
