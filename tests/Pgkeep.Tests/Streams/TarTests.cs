using System.Formats.Tar;
using Pgkeep.Diagnostics;
using Pgkeep.Streams.Tar;
using Xunit;
using TarEntry = Pgkeep.Streams.Tar.TarEntry;
using TarEntryType = Pgkeep.Streams.Tar.TarEntryType;
using TarReader = Pgkeep.Streams.Tar.TarReader;
using TarWriter = Pgkeep.Streams.Tar.TarWriter;

namespace Pgkeep.Tests.Streams;

public sealed class TarTests
{
    private static readonly DateTimeOffset Modified = new(2025, 1, 8, 14, 30, 0, TimeSpan.Zero);

    public static TheoryData<string> Names =>
    [
        "PG_VERSION",
        "base/5/16384_vm",
        new string('n', 99),
        new string('n', 100),
        new string('n', 101),
        $"deep/{new string('d', 150)}/{new string('f', 200)}",
        "grüße/データ",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_file_comes_back_with_name_mode_time_and_content(string name)
    {
        var tar = Write(writer => writer.WriteFile(new TarEntry(name, TarEntryType.File, 3, 0b110_100_000, Modified), [1, 2, 3]));

        var reader = new TarReader(tar, "test.tar");
        var entry = reader.Next()!;
        var content = new byte[10];

        Assert.Equal((name, TarEntryType.File, 3, 0b110_100_000, Modified), (entry.Name, entry.Type, entry.Size, entry.Mode, entry.Modified));
        Assert.Equal(3, reader.Read(content));
        Assert.Null(reader.Next());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Another_reader_sees_the_same(string name)
    {
        var tar = Write(writer => writer.WriteFile(new TarEntry(name, TarEntryType.File, 3, 0b110_000_000, Modified), [1, 2, 3]));

        var entry = new System.Formats.Tar.TarReader(tar).GetNextEntry()!;

        Assert.Equal((name, 3), (entry.Name, entry.Length));
    }

    [Fact]
    public void What_another_writer_writes_is_read()
    {
        var tar = new MemoryStream();
        using (var writer = new System.Formats.Tar.TarWriter(tar, TarEntryFormat.Pax, leaveOpen: true))
        {
            writer.WriteEntry(new PaxTarEntry(System.Formats.Tar.TarEntryType.Directory, "dir/"));
            writer.WriteEntry(new PaxTarEntry(System.Formats.Tar.TarEntryType.RegularFile, $"dir/{new string('f', 200)}") { DataStream = new MemoryStream([7]) });
        }

        tar.Position = 0;
        var reader = new TarReader(tar, "test.tar");

        Assert.Equal(("dir", TarEntryType.Directory), (reader.Next()!.Name, TarEntryType.Directory));
        Assert.Equal($"dir/{new string('f', 200)}", reader.Next()!.Name);
        Assert.Null(reader.Next());
    }

    [Theory]
    [InlineData(0x1_FFFF_FFFF)]
    [InlineData(0x2_0000_0000)]
    [InlineData(0x7FFF_FFFF_FFFF)]
    public void A_size_of_8_GiB_and_more_is_kept(long size)
    {
        Span<byte> header = stackalloc byte[TarHeader.Length];

        TarHeader.Write(header, "f"u8, TarHeader.FileFlag, size, 0, Modified, 0, 0, default);

        Assert.True(TarHeader.IsChecksumRight(header));
        Assert.True(TarHeader.TryReadNumber(header.Slice(TarHeader.SizeOffset, 12), out var read));
        Assert.Equal(size, read);
    }

    [Theory]
    [InlineData(-62_135_596_800)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(0x1_FFFF_FFFF)]
    [InlineData(0x2_0000_0000)]
    [InlineData(253_402_300_799)]
    public void A_time_comes_back_however_early_or_late(long seconds)
    {
        var modified = DateTimeOffset.FromUnixTimeSeconds(seconds);
        var tar = Write(writer => writer.WriteFile(new TarEntry("f", TarEntryType.File, 0, 0, modified), []));

        Assert.Equal(modified, new TarReader(tar, "test.tar").Next()!.Modified);
    }

    [Theory]
    [InlineData("80FF000000000000000000FF")]
    [InlineData("C00000000000000000000001")]
    [InlineData("FFFFFFFF0000000000000001")]
    [InlineData("800000008000000000000000")]
    public void A_number_of_more_than_64_bits_is_none(string field)
    {
        Assert.False(TarHeader.TryReadNumber(Convert.FromHexString(field), out _));
    }

    [Fact]
    public void A_negative_size_is_damage()
    {
        var header = new byte[TarHeader.Length];
        TarHeader.Write(header, "f"u8, TarHeader.FileFlag, -1, 0, Modified, 0, 0, default);

        Assert.Equal(ErrorKind.BackupDamaged, Assert.Throws<PgkeepException>(() => ReadAll(header)).Kind);
    }

    [Theory]
    [InlineData("size=-1")]
    [InlineData("size=1x")]
    [InlineData("size=99999999999999999999")]
    [InlineData("mtime=")]
    [InlineData("mtime=1e400")]
    public void An_extended_header_with_a_number_that_is_none_is_damage(string record)
    {
        var tar = new byte[3 * TarHeader.Length];
        var text = System.Text.Encoding.ASCII.GetBytes($"{record.Length + 4:00} {record}\n");
        TarHeader.Write(tar, "x"u8, TarHeader.PaxFlag, text.Length, 0, Modified, 0, 0, default);
        text.CopyTo(tar, TarHeader.Length);
        TarHeader.Write(tar.AsSpan(2 * TarHeader.Length, TarHeader.Length), "f"u8, TarHeader.FileFlag, 0, 0, Modified, 0, 0, default);

        Assert.Contains("extended header", Assert.Throws<PgkeepException>(() => ReadAll(tar)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_member_that_is_not_filled_is_a_bug()
    {
        var writer = new TarWriter(new MemoryStream());
        writer.Begin(new TarEntry("f", TarEntryType.File, 5, 0, Modified));

        Assert.Throws<InvalidOperationException>(writer.Complete);
    }

    [Fact]
    public void A_tar_cut_anywhere_is_damaged_and_never_the_end()
    {
        var whole = Write(writer => writer.WriteFile(new TarEntry(new string('n', 120), TarEntryType.File, 700, 0, Modified), new byte[700])).ToArray();
        // The second of the two empty blocks is not needed to know the end.
        var lengths = Enumerable.Range(0, whole.Length - (2 * TarHeader.Length));

        Assert.All(lengths, length => Assert.Equal(ErrorKind.BackupDamaged, Assert.Throws<PgkeepException>(() => ReadAll(whole[..length])).Kind));
    }

    [Fact]
    public void Changed_bytes_give_a_typed_failure_or_another_content()
    {
        var whole = Write(writer => writer.WriteFile(new TarEntry(new string('n', 120), TarEntryType.File, 700, 0, Modified), new byte[700])).ToArray();
        var random = new Random(5);

        for (var round = 0; round < 5000; round++)
        {
            var changed = whole.ToArray();
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
            try
            {
                ReadAll(changed);
            }
            catch (PgkeepException failure)
            {
                Assert.Equal(ErrorKind.BackupDamaged, failure.Kind);
            }
        }
    }

    private static MemoryStream Write(Action<TarWriter> write)
    {
        var tar = new MemoryStream();
        var writer = new TarWriter(tar);
        write(writer);
        writer.Complete();
        tar.Position = 0;
        return tar;
    }

    private static void ReadAll(byte[] tar)
    {
        var reader = new TarReader(new MemoryStream(tar), "test.tar");
        var buffer = new byte[256];
        while (reader.Next() is not null)
        {
            while (reader.Read(buffer) > 0)
            {
            }
        }
    }
}
