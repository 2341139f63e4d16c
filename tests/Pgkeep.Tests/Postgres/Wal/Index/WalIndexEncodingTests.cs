using System.Buffers.Binary;
using System.IO.Hashing;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Index;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Postgres.Wal.Index;

public sealed class WalIndexEncodingTests
{
    private const int Seed = 20_261_123;

    private static readonly Lsn Begin = new(0x30_0000);

    [Fact]
    public void What_was_written_is_read()
    {
        var index = Sample();
        var bytes = WalIndexEncoding.Encode(index);

        Assert.True(WalIndexDecoder.TryDecode(bytes, out var read, out _));

        Assert.Equal(bytes, WalIndexEncoding.Encode(read));
        Assert.Equal((index.Name, index.Cluster, index.Content, index.Records, index.FirstCommit), (read.Name, read.Cluster, read.Content, read.Records, read.FirstCommit));
        Assert.Equal(index.Relations.Select(relation => relation.Relation), read.Relations.Select(relation => relation.Relation));
        Assert.Equal(index.Relations[0].Forks[0].Blocks.ToList(), read.Relations[0].Forks[0].Blocks.ToList());
        Assert.Equal(index.Ends.Open!.Start, read.Ends.Open!.Start);
    }

    [Fact]
    public void What_it_was_made_of_is_kept_where_the_archive_does_not_tell()
    {
        var file = new IndexedFile(12_345, new DateTimeOffset(2025, 1, 8, 12, 0, 0, TimeSpan.Zero).AddTicks(7));

        Assert.True(WalIndexDecoder.TryDecode(WalIndexEncoding.Encode(Sample() with { File = file }), out var read, out _));

        Assert.Equal(file, read.File);
    }

    [Fact]
    public void A_cut_index_is_none()
    {
        var bytes = WalIndexEncoding.Encode(Sample());
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.False(WalIndexDecoder.TryDecode(bytes.AsMemory(0, length), out _, out var problem));
            Assert.NotEmpty(problem);
        }
    }

    [Fact]
    public void A_changed_byte_makes_it_none()
    {
        var bytes = WalIndexEncoding.Encode(Sample());
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 1;
            Assert.False(WalIndexDecoder.TryDecode(bytes, out _, out _));
            bytes[at] ^= 1;
        }
    }

    /// <summary>With a checksum that fits: nothing is thrown, and what is read can be walked through.</summary>
    [Fact]
    public void Whatever_lies_behind_the_checksum_ends_with_a_value()
    {
        var random = new Random(Seed);
        var original = WalIndexEncoding.Encode(Sample());
        var read = 0;
        for (var i = 0; i < 50_000; i++)
        {
            var bytes = original.AsSpan(0, random.Next(3) == 0 ? random.Next(WalIndexEncoding.HeaderLength, original.Length) : original.Length).ToArray();
            for (var change = random.Next(4); change >= 0 && bytes.Length > WalIndexEncoding.HeaderLength; change--)
            {
                bytes[random.Next(WalIndexEncoding.HeaderLength, bytes.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)0xFF;
            }

            BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(8), XxHash128.HashToUInt128(bytes.AsSpan(WalIndexEncoding.HeaderLength)));
            if (WalIndexDecoder.TryDecode(bytes, out var index, out var problem))
            {
                read++;
                Assert.True(index.Relations.Sum(relation => relation.Forks.Sum(fork => Walk(fork.Blocks))) + Walk(index.Committed) >= 0);
                WalContinuity.FindBreak(index.Ends, index.Ends);
            }
            else
            {
                Assert.NotEmpty(problem);
            }
        }

        Assert.True(read > 1_000);
    }

    private static long Walk(NumberSet set)
    {
        long runs = 0;
        foreach (var run in set)
        {
            runs += run.Last >= run.First ? 1 : 0;
        }

        return runs;
    }

    private static WalSegmentIndex Sample()
    {
        var wal = new WalBuilder(Begin);
        byte[] block = [0x7F, 6, 0, 0, 5, 0, 0, 0, 0, 64, 0, 0];
        for (var i = 0; i < 200; i++)
        {
            block[9] = (byte)(64 + (i % 3));
            wal.Add(10, 0x00, [0, 0, 0, 0, .. block, (byte)(i * 7), 0, 0, 0, .. WalBuilder.MainData(new byte[3])], (uint)(100 + i));
            wal.Add(2, 0x10, WalBuilder.MainData([.. block, 0, 0, 0, 0]), 9);
            if (i % 4 > 0)
            {
                wal.AddCommit((uint)(100 + i), DateTimeOffset.UnixEpoch.AddYears(55));
            }
        }

        while (wal.Position < Begin + ((1024 * 1024) - 6000))
        {
            wal.AddMessage(5000);
        }

        wal.AddMessage(9000);
        wal.Switch();
        return IndexedSegment.Make(wal, Begin);
    }
}
