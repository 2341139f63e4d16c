using Pgkeep.IntegrationTests.Harness;
using Pgkeep.Streams.Codecs;
using Xunit;

namespace Pgkeep.IntegrationTests.Streams;

/// <summary>Frames of every kind, in the eyes of gzip itself.</summary>
public sealed class GunzipTests : IntegrationTest
{
    private const int Cases = 60;

    [Fact]
    public async Task Gunzip_reads_members_of_random_frames_at_every_level()
    {
        var random = Randomness.Create();
        var directory = (await GetWorkspaceAsync()).PathOf("members");
        Directory.CreateDirectory(directory);
        var contents = new Dictionary<string, byte[]>();
        for (var number = 0; number < Cases; number++)
        {
            var name = $"{directory}/{number}";
            contents[name] = Content(random, random.Next(300_000));
            await using var file = File.Create(name + ".gz");
            await using var gzip = FrameStream.Gzip(file, 1 + (number % 9), random.Bytes(random.Next(100)), 1 + random.Next(200_000));
            gzip.Write(contents[name]);
            gzip.Complete();
        }

        await UnpackAndCompareAsync(directory, contents);
    }

    [Fact]
    public async Task Gunzip_reads_frames_that_were_made_apart_empty_ones_among_them()
    {
        var random = Randomness.Create();
        var directory = (await GetWorkspaceAsync()).PathOf("frames");
        Directory.CreateDirectory(directory);
        var contents = new Dictionary<string, byte[]>();
        for (var number = 0; number < Cases; number++)
        {
            var name = $"{directory}/{number}";
            var frames = Enumerable.Range(0, random.Next(8)).Select(_ => Content(random, random.Next(3) * random.Next(100_000))).ToList();
            contents[name] = [.. frames.SelectMany(frame => frame)];
            await File.WriteAllBytesAsync(name + ".gz", Member(frames, 1 + (number % 9)), TestContext.Current.CancellationToken);
        }

        await UnpackAndCompareAsync(directory, contents);
    }

    private static byte[] Member(List<byte[]> frames, int level)
    {
        using var compressor = Codec.Gzip.CreateCompressor(level);
        using var member = new MemoryStream();
        member.Write(Codec.Gzip.Header);
        var (checksum, length) = (0u, 0L);
        foreach (var frame in frames.Where(frame => frame.Length > 0))
        {
            member.Write(compressor.Compress(frame).Span);
            checksum = Codec.Gzip.CombineChecksums(checksum, Codec.Gzip.ChecksumOf(frame), frame.Length);
            length += frame.Length;
        }

        member.Write(Codec.Gzip.TrailerOf(checksum, length));
        return member.ToArray();
    }

    /// <summary>Zeros, text, noise, or all of them.</summary>
    private static byte[] Content(Random random, int length)
    {
        var content = new byte[length];
        for (var filled = 0; filled < length;)
        {
            var stretch = content.AsSpan(filled, Math.Min(length - filled, 1 + random.Next(100_000)));
            switch (random.Next(3))
            {
                case 0:
                    random.NextBytes(stretch);
                    break;
                case 1:
                    random.GetItems("select from where 0123456789\n"u8, stretch);
                    break;
            }

            filled += stretch.Length;
        }

        return content;
    }

    private static async Task UnpackAndCompareAsync(string directory, Dictionary<string, byte[]> contents)
    {
        File.SetUnixFileMode(directory, (UnixFileMode)0b111_111_111);
        var tested = await HandRestore.ShellAsync("""cd "$1" && gzip -t *.gz && gunzip -k *.gz""", directory);

        Assert.Equal("", tested.Stderr);
        Assert.All(contents, content => Assert.Equal(content.Value, File.ReadAllBytes(content.Key)));
    }
}
