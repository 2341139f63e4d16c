using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Repository.Frames;
using Pgkeep.Streams.Codecs;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Repository.Frames;

public sealed class FrameIndexReaderTests : IDisposable
{
    private const string Sound = "pgkeep frame index 1\nf 10 100 2000\nm 512 700 a\\\\b\\nc\nm 1536 0 empty\nf 110 50 1000\nm 2512 1600 base/1/2\nf 160 7 1000\nf 167 7 600\nf 174 9 1024\n";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Frames_come_with_the_parts_of_files_in_them()
    {
        var frames = Read(Sound);

        Assert.Equal([(0L, 10L, 100, 0L, 2000), (1, 110, 50, 2000, 1000), (2, 160, 7, 3000, 1000), (3, 167, 7, 4000, 600), (4, 174, 9, 4600, 1024)],
            frames.Select(frame => (frame.Number, frame.StoredOffset, frame.StoredLength, frame.PlainOffset, frame.PlainLength)));
        Assert.Equal([new FilePart("a\\b\nc", 700, 0, 512, 700), new FilePart("empty", 0, 0, 1536, 0)], frames[0].Parts);
        Assert.Equal([new FilePart("base/1/2", 1600, 0, 512, 488)], frames[1].Parts);
        Assert.Equal([new FilePart("base/1/2", 1600, 488, 0, 1000)], frames[2].Parts);
        Assert.Equal([new FilePart("base/1/2", 1600, 1488, 0, 112)], frames[3].Parts);
        Assert.Empty(frames[4].Parts);
        Assert.True(frames[3].Parts[0].IsLast);
    }

    [Fact]
    public void An_empty_file_may_end_its_frame()
    {
        var frames = Read("pgkeep frame index 1\nf 10 100 512\nm 512 0 empty\n");

        Assert.Equal([new FilePart("empty", 0, 0, 512, 0)], frames.Single().Parts);
    }

    [Fact]
    public void An_index_without_frames_is_empty() => Assert.Empty(Read("pgkeep frame index 1\n"));

    [Theory]
    [InlineData("")]
    [InlineData("pgkeep frame index 2\nf 10 100 2000\n")]
    [InlineData("pgkeep frame index 1")]
    [InlineData("pgkeep frame index 1\nf 10 100 2000")]
    [InlineData("pgkeep frame index 1\nm 512 700 a\n")]
    [InlineData("pgkeep frame index 1\nf 10 100\n")]
    [InlineData("pgkeep frame index 1\nf 10 100 2000 1\n")]
    [InlineData("pgkeep frame index 1\nf 10 -1 2000\n")]
    [InlineData("pgkeep frame index 1\nf 10 0 2000\n")]
    [InlineData("pgkeep frame index 1\nf 10 100 2000000000000\n")]
    [InlineData("pgkeep frame index 1\nf 10 100 99999999999999999999\n")]
    [InlineData("pgkeep frame index 1\nf 10 100 2000\nf 111 100 2000\n")]
    [InlineData("pgkeep frame index 1\nf 10 100 2000\nf 109 100 2000\n")]
    [InlineData("pgkeep frame index 1\nf 10 100 2000\nm 2001 0 a\n")]
    [InlineData("pgkeep frame index 1\nf 10 100 2000\nm 600 100 a\nm 512 1 b\n")]
    [InlineData("pgkeep frame index 1\nf 10 100 2000\nm 512 1600 a\n")]
    [InlineData("pgkeep frame index 1\nf 10 100 2000\nm 512 1600 a\nf 110 10 1000\nm 2000 1 b\n")]
    [InlineData("pgkeep frame index 1\nf 10 100 2000\nm 512 9223372036854775807 a\nf 110 10 1000\n")]
    [InlineData("pgkeep frame index 1\nf 10 100 2000\nm 512 10 \n")]
    [InlineData("pgkeep frame index 1\nf 10 100 2000\nm 512 10 a\\x\n")]
    [InlineData("pgkeep frame index 1\nf 10 100 2000\nm 512 10 a\\\n")]
    [InlineData("pgkeep frame index 1\n\n")]
    [InlineData("pgkeep frame index 1\nx 1 2 3\n")]
    public void What_no_writer_writes_is_damage(string text)
    {
        var failure = Assert.Throws<PgkeepException>(() => Read(text));

        Assert.Equal(ErrorKind.BackupDamaged, failure.Kind);
        Assert.Contains("base.index.gz", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_cut_anywhere_is_damage()
    {
        var whole = Compress(Encoding.UTF8.GetBytes(Sound));

        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Equal(ErrorKind.BackupDamaged, Assert.Throws<PgkeepException>(() => ReadFile(whole[..length])).Kind);
        }
    }

    [Fact]
    public void A_file_with_something_behind_it_is_damage() =>
        Assert.Throws<PgkeepException>(() => ReadFile([.. Compress(Encoding.UTF8.GetBytes(Sound)), 1]));

    [Fact]
    public void Damaged_text_gives_damage_or_frames_that_follow_each_other()
    {
        foreach (var damaged in Mutation.Of(Encoding.UTF8.GetBytes(Sound), 2000))
        {
            try
            {
                var frames = ReadFile(Compress(damaged));
                Assert.All(frames.Zip(frames.Skip(1)), pair => Assert.Equal(pair.First.StoredOffset + pair.First.StoredLength, pair.Second.StoredOffset));
                Assert.All(frames.SelectMany(frame => frame.Parts, (frame, part) => (frame, part)), at => Assert.InRange(at.part.Start + at.part.Length, 0, at.frame.PlainLength));
            }
            catch (PgkeepException failure)
            {
                Assert.Equal(ErrorKind.BackupDamaged, failure.Kind);
            }
        }
    }

    [Fact]
    public void A_line_that_does_not_end_is_refused_before_it_fills_the_memory() =>
        Assert.Throws<PgkeepException>(() => Read("pgkeep frame index 1\nf 10 100 2000\nm 512 10 " + new string('a', 1_000_000) + "\n"));

    private List<IndexedFrame> Read(string text) => ReadFile(Compress(Encoding.UTF8.GetBytes(text)));

    private List<IndexedFrame> ReadFile(byte[] content)
    {
        var path = _directory.PathOf("base.index.gz");
        File.WriteAllBytes(path, content);
        using var reader = new FrameIndexReader(path);
        var frames = new List<IndexedFrame>();
        while (reader.TryRead() is { } frame)
        {
            frames.Add(frame);
        }

        return frames;
    }

    private static byte[] Compress(byte[] text)
    {
        using var compressed = new MemoryStream();
        using var gzip = FrameStream.Gzip(compressed, 1);
        gzip.Write(text);
        gzip.Complete();
        return compressed.ToArray();
    }
}
