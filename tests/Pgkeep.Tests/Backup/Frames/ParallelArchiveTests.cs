using System.IO.Compression;
using Pgkeep.Backup;
using Pgkeep.Backup.Frames;
using Pgkeep.Backup.Sources;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Backup.Frames;

public sealed class ParallelArchiveTests : IDisposable
{
    private readonly TemporaryDirectory _source = new();
    private readonly TemporaryDirectory _target = new();
    private readonly List<PendingFile> _completed = [];
    private Codec _codec = Codec.Gzip;

    private string Archive => _target.PathOf("base.tar");

    private LocalFiles Files => new(_source.Path);

    public void Dispose()
    {
        _source.Dispose();
        _target.Dispose();
    }

    [Theory]
    [InlineData(1, "gzip")]
    [InlineData(2, "gzip")]
    [InlineData(7, "gzip")]
    [InlineData(2, "zstd")]
    [InlineData(2, "none")]
    public void Files_of_every_size_come_back_in_order(int jobs, string codec)
    {
        int[] lengths = [0, 1, 511, 512, 513, 8192, 262_144, 262_145, 1_048_575, 1_048_576, 1_048_577, 5_000_000, .. Enumerable.Range(0, 300).Select(i => i * 37)];
        var items = lengths.Select((length, number) => Create($"f{number:0000}", length)).ToList();

        _codec = CodecOf(codec);

        Copy(items, jobs);

        var found = ReadTar().ToList();
        Assert.Equal(items.Select(item => item.Name), found.Select(member => member.Name));
        Assert.All(found, member => Assert.Equal(File.ReadAllBytes(_source.PathOf(member.Name)), member.Content));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    [InlineData("none")]
    public void The_index_leads_to_every_file_and_every_frame(string codec)
    {
        _codec = CodecOf(codec);
        var items = new[] { 10, 3_000_000, 0, 700_000, 5 }.Select((length, number) => Create($"f{number}", length)).ToList();

        Copy(items, 2);

        var archive = File.ReadAllBytes(Archive);
        var plain = new MemoryStream();
        foreach (var line in ReadIndex().Where(line => line.StartsWith("f ", StringComparison.Ordinal)))
        {
            var numbers = line.Split(' ').Skip(1).Select(int.Parse).ToList();
            var frame = new byte[numbers[2]];
            var stored = new MemoryStream(archive, numbers[0], numbers[1]);
            using var alone = _codec == Codec.Gzip ? new DeflateStream(stored, CompressionMode.Decompress) : _codec.Decompress(stored);
            alone.ReadExactly(frame);
            plain.Write(frame);
        }

        foreach (var line in ReadIndex().Where(line => line.StartsWith("m ", StringComparison.Ordinal)))
        {
            var parts = line.Split(' ');
            var content = plain.ToArray().AsSpan(int.Parse(parts[1]), int.Parse(parts[2])).ToArray();
            Assert.Equal(File.ReadAllBytes(_source.PathOf(parts[3])), content);
        }
    }

    [Fact]
    public void A_file_whose_last_piece_is_done_first_stays_open_for_the_others()
    {
        var item = Create("f", (2 * FrameQueue.FrameLength) + 10);
        using var queue = new FrameQueue(Files, [item], 0);
        var first = (PieceJob)queue.Take()!;
        var second = (PieceJob)queue.Take()!;
        var last = (PieceJob)queue.Take()!;
        var content = new byte[FrameQueue.FrameLength];

        last.File.EndPiece(last.Length);
        second.File.EndPiece(second.Length);
        first.File.Read(content, first.Offset);
        first.File.EndPiece(first.Length);

        Assert.Equal(File.ReadAllBytes(_source.PathOf(item.Name))[..content.Length], content);
        Assert.Throws<ObjectDisposedException>(() => first.File.Read(content, 0));
    }

    [Fact]
    public void The_manifest_has_the_checksum_of_each_file()
    {
        var items = new[] { 10, 3_000_000, 0 }.Select((length, number) => Create($"f{number}", length)).ToList();

        var manifest = Copy(items, 2);

        Assert.All(items, item => Assert.Contains(ChecksumOf(item.Name), manifest));
    }

    [Fact]
    public void A_file_that_is_gone_when_its_turn_comes_is_not_in_the_archive()
    {
        var items = Enumerable.Range(0, 5).Select(number => Create($"f{number}", number * 300_000)).ToList();
        File.Delete(_source.PathOf("f0"));
        File.Delete(_source.PathOf("f3"));

        Copy(items, 2);

        Assert.Equal(["f1", "f2", "f4"], ReadTar().Select(member => member.Name));
    }

    [Fact]
    public void A_failure_in_one_worker_ends_all_and_is_the_one_reported()
    {
        var items = Enumerable.Range(0, 50).Select(number => Create($"f{number}", 400_000)).ToList();
        items[20] = items[20] with { Name = "f0/not-a-directory" };
        items[21] = items[21] with { Name = "." };

        var failure = Assert.Throws<PgkeepException>(() => Copy(items, 4));

        Assert.Contains(_source.Path, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cancelled_copy_ends()
    {
        var items = Enumerable.Range(0, 50).Select(number => Create($"f{number}", 400_000)).ToList();

        Assert.ThrowsAny<OperationCanceledException>(() => Copy(items, 2, new CancellationToken(canceled: true)));
    }

    private static Codec CodecOf(string name) => Codec.TryFind(name, out var codec) ? codec : throw new ArgumentException("no codec", nameof(name));

    private CopyItem Create(string name, int length)
    {
        var content = Enumerable.Range(0, length).Select(i => (byte)(i % 251)).ToArray();
        File.WriteAllBytes(_source.PathOf(name), content);
        return new CopyItem(name, FileStatus.Of(_source.PathOf(name))!.Value);
    }

    private string Copy(IReadOnlyList<CopyItem> items, int jobs, CancellationToken? cancellationToken = null)
    {
        using var manifestText = new MemoryStream();
        using var manifest = new BackupManifestWriter(manifestText, 1, new SystemIdentifier(1));
        Assert.True(ControlFile.TryParse(Fixture.Bytes("control/15.pg_control"), out var control, out _));
        var sink = new FrameSink(
            new PendingFile(Archive, _completed.Add), new PendingFile(_target.PathOf("base.index.gz"), _completed.Add), manifest, _codec);
        using (var archive = new ParallelArchive(sink, new PageCheck(control), jobs, new Compression(_codec, _codec.DefaultLevel)))
        {
            using var queue = new FrameQueue(Files, items, 0);
            archive.CopyAll(queue, cancellationToken ?? TestContext.Current.CancellationToken);
            archive.Complete();
        }

        manifest.Finish([]);
        return System.Text.Encoding.UTF8.GetString(manifestText.ToArray());
    }

    private IEnumerable<(string Name, byte[] Content)> ReadTar()
    {
        using var plain = _codec.Decompress(File.OpenRead(Archive));
        var tar = new TarReader(plain, Archive);
        while (tar.Next() is { } entry)
        {
            var content = new byte[entry.Size];
            for (var read = 0; read < content.Length;)
            {
                read += tar.Read(content.AsSpan(read));
            }

            yield return (entry.Name, content);
        }
    }

    private List<string> ReadIndex()
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(_target.PathOf("base.index.gz")), CompressionMode.Decompress));
        return [.. text.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private string ChecksumOf(string name)
    {
        var crc = Crc32C.Compute(File.ReadAllBytes(_source.PathOf(name)));
        return Convert.ToHexStringLower(BitConverter.GetBytes(crc));
    }
}
