using System.Buffers.Binary;
using System.IO.Compression;
using Pgkeep.Backup;
using Pgkeep.Backup.Streamed;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Backup.Streamed;

/// <summary>What becomes of the WAL that comes behind the files.</summary>
public sealed class StreamedWalTests : IDisposable
{
    private const int SegmentLength = 1024 * 1024;
    private const string First = "000000010000000000000002";
    private const string Second = "000000010000000000000003";

    private readonly TemporaryDirectory _target = new();
    private readonly PendingTar _tar;
    private readonly StreamedWal _wal;

    public StreamedWalTests()
    {
        _tar = new PendingTar(new PendingFile(_target.PathOf("pg_wal.tar.gz"), _ => { }), Compression.Gzip(1));
        _wal = new StreamedWal(_tar, new SystemIdentifier(7), new WalSegmentSize(SegmentLength), _target.PathOf(".held"), TimeProvider.System);
    }

    public void Dispose()
    {
        _wal.Dispose();
        _tar.Dispose();
        _target.Dispose();
    }

    [Fact]
    public void From_a_primary_every_segment_is_stored_as_it_came()
    {
        Begin("primary");
        Add(First);
        Add(Second);
        _wal.Complete(SampleMetadata.Segment(Second), new Lsn(0x300100));

        var stored = Read();
        Assert.Equal(Segment(First), stored[First]);
        Assert.Equal(Segment(Second), stored[Second]);
        Assert.NotNull(_wal.DigestOf(SampleMetadata.Segment(Second)));
    }

    [Fact]
    public void From_a_standby_the_last_one_is_zero_behind_the_stop()
    {
        Begin("standby");
        Add(First);
        Add(Second);
        Assert.Equal(["pg_wal.tar.gz"], Directory.EnumerateFileSystemEntries(_target.Path).Select(path => Path.GetFileName(path)));
        _wal.Complete(SampleMetadata.Segment(Second), new Lsn(0x300100));

        var stored = Read();
        Assert.Equal(Segment(First), stored[First]);
        Assert.Equal([.. Segment(Second)[..0x100], .. new byte[SegmentLength - 0x100]], stored[Second]);
        Assert.NotNull(_wal.DigestOf(SampleMetadata.Segment(First)));
        Assert.Null(_wal.DigestOf(SampleMetadata.Segment(Second)));
    }

    [Fact]
    public void A_standbys_last_segment_that_is_full_is_whole()
    {
        Begin("standby");
        Add(First);
        _wal.Complete(SampleMetadata.Segment(First), new Lsn(0x300000));

        Assert.Equal(Segment(First), Read()[First]);
        Assert.NotNull(_wal.DigestOf(SampleMetadata.Segment(First)));
    }

    [Fact]
    public void Another_clusters_is_a_failure()
    {
        Begin("primary");

        Assert.Equal(ErrorKind.RepositoryMismatch, Assert.Throws<PgkeepException>(() => Add(First, cluster: 8)).Kind);
    }

    [Fact]
    public void From_a_standby_another_clusters_is_a_failure_before_the_backup_is_complete()
    {
        Begin("standby");
        Add(First, cluster: 8);

        Assert.Equal(ErrorKind.RepositoryMismatch, Assert.Throws<PgkeepException>(() => _wal.Complete(SampleMetadata.Segment(First), new Lsn(0x200100))).Kind);
    }

    [Theory]
    [InlineData("primary", SegmentLength - 512)]
    [InlineData("standby", SegmentLength + 512)]
    public void One_that_is_not_as_long_as_a_segment_is_a_failure(string from, int length)
    {
        Begin(from);

        Assert.Equal(ErrorKind.WalInvalid, Assert.Throws<PgkeepException>(() => Add(First, length: length)).Kind);
    }

    [Theory]
    [InlineData("primary")]
    [InlineData("standby")]
    public void A_segment_that_is_left_out_is_a_failure(string from)
    {
        Begin(from);

        Assert.Equal(ErrorKind.WalMissing, Assert.Throws<PgkeepException>(() => Add(Second)).Kind);
    }

    [Theory]
    [InlineData("primary")]
    [InlineData("standby")]
    public void An_end_before_the_stop_is_a_failure(string from)
    {
        Begin(from);
        Add(First);

        Assert.Equal(ErrorKind.WalMissing, Assert.Throws<PgkeepException>(() => _wal.Complete(SampleMetadata.Segment(Second), new Lsn(0x300100))).Kind);
    }

    private void Begin(string from)
    {
        var text = $"START WAL LOCATION: 0/200028 (file {First})\nCHECKPOINT LOCATION: 0/200080\nBACKUP METHOD: streamed\n"
            + $"BACKUP FROM: {from}\nSTART TIME: 2026-11-22 19:43:03 UTC\nLABEL: x\nSTART TIMELINE: 1\n";
        Assert.True(BackupLabel.TryParse(text, out var label, out var problem), problem);
        _wal.Begin(label);
    }

    private void Add(string name, ulong cluster = 7, int length = SegmentLength)
    {
        var content = Segment(name);
        Array.Resize(ref content, length);
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(24), cluster);
        using var stream = new MemoryStream();
        var writer = new TarWriter(stream);
        writer.WriteFile(new TarEntry(name, TarEntryType.File, length, 0b110_000_000, DateTimeOffset.UnixEpoch), content);
        writer.Complete();
        stream.Position = 0;
        var tar = new TarReader(stream, "the tar");
        _wal.Add(tar.Next()!, tar);
    }

    private static byte[] Segment(string name)
    {
        var content = new byte[SegmentLength];
        new Random(name[^1]).NextBytes(content);
        _ = PostgresVersion.TryGet(18, out var version);
        BinaryPrimitives.WriteUInt16LittleEndian(content, version!.WalMagic);
        BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan(2), 2); // XLP_LONG_HEADER
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(4), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(8), SampleMetadata.Segment(name).StartLsn(new WalSegmentSize(SegmentLength)).Value);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(16), 0);
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(24), 7);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(32), SegmentLength);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(36), 8192);
        return content;
    }

    private Dictionary<string, byte[]> Read()
    {
        using var plain = new GZipStream(File.OpenRead(_target.PathOf("pg_wal.tar.gz")), CompressionMode.Decompress);
        var tar = new TarReader(plain, "pg_wal.tar.gz");
        var found = new Dictionary<string, byte[]>();
        while (tar.Next() is { } entry)
        {
            var content = new byte[entry.Size];
            for (var read = 0; read < content.Length;)
            {
                read += tar.Read(content.AsSpan(read));
            }

            found[entry.Name] = content;
        }

        return found;
    }
}
