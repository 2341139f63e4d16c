using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Pgkeep.IntegrationTests.Harness;
using Pgkeep.Streams.Tar;
using Xunit;

namespace Pgkeep.IntegrationTests.Streams;

/// <summary>Our tar and GNU's: each reads what the other writes, exactly.</summary>
public sealed partial class GnuTarTests : IntegrationTest
{
    private const long GiB = 1L << 30;

    private static readonly DateTimeOffset Modified = new(2025, 1, 8, 14, 30, 0, TimeSpan.Zero);

    // What a file system allows in a name, but for "/": a line feed only where names are not read from lines.
    private static readonly string[] NameParts = ["a", "Z9", ".", "-", " ", "'", "\"", "\\", "$(x)", "*", "é", "データ", "😀", "\t", "\u0001", "%s"];

    [Fact]
    public async Task GNU_tar_lists_what_we_write()
    {
        var random = Randomness.Create();
        var entries = Enumerable.Range(0, 300).Select(number => RandomEntry(random, number, longest: 4000)).ToList();
        var archive = (await GetWorkspaceAsync()).PathOf("ours.tar");
        await using (var file = Create(archive))
        {
            var writer = new TarWriter(file);
            entries.ForEach(entry => writer.WriteFile(entry, new byte[entry.Size]));
            writer.Complete();
        }

        Assert.Equal(entries.Select(Describe), await ListAsync(archive));
    }

    [Fact]
    public async Task GNU_tar_unpacks_what_we_write()
    {
        var random = Randomness.Create();
        var entries = Enumerable.Range(0, 100).Select(number => RandomEntry(random, number, longest: 250) with { Modified = Modified }).ToList();
        entries.Add(new TarEntry("line\nfeed", TarEntryType.File, 3, 0b110_000_000, Modified));
        entries.Add(new TarEntry(string.Join('/', Enumerable.Repeat(new string('d', 199), 19)), TarEntryType.File, 3, 0b110_000_000, Modified));
        var contents = entries.ConvertAll(entry => random.Bytes((int)entry.Size));
        var workspace = await GetWorkspaceAsync();
        var archive = workspace.PathOf("ours.tar");
        await using (var file = Create(archive))
        {
            var writer = new TarWriter(file);
            entries.Zip(contents).ToList().ForEach(pair => writer.WriteFile(pair.First, pair.Second));
            writer.Complete();
        }

        var target = await workspace.CreateDirectoryAsync("unpacked");
        await HandRestore.ShellAsync("""tar xf "$1" -C "$2" --mode=u+rw""", archive, target);

        Assert.All(entries.Zip(contents), pair => Assert.Equal(pair.Second, File.ReadAllBytes($"{target}/{pair.First.Name}")));
    }

    [Theory]
    [InlineData((8 * GiB) - 1)]
    [InlineData(8 * GiB)]
    [InlineData((9 * GiB) + 12_345)]
    public async Task GNU_tar_lists_a_file_around_8_GiB_and_what_follows_it(long size)
    {
        var archive = (await GetWorkspaceAsync()).PathOf("large.tar");
        TarEntry[] entries = [new("large", TarEntryType.File, size, 0b110_000_000, Modified), new("after", TarEntryType.File, 5, 0b110_000_000, Modified)];
        await using (var file = new HoleyStream(Create(archive)))
        {
            var writer = new TarWriter(file);
            writer.Begin(entries[0]);
            var zeros = new byte[1024 * 1024];
            for (var left = size; left > 0; left -= Math.Min(left, zeros.Length))
            {
                writer.WriteContent(zeros.AsSpan(0, (int)Math.Min(left, zeros.Length)));
            }

            writer.WriteFile(entries[1], [1, 2, 3, 4, 5]);
            writer.Complete();
        }

        Assert.Equal(entries.Select(Describe), await ListAsync(archive));
    }

    [Theory]
    [InlineData("ustar", 90)]
    [InlineData("gnu", 3000)]
    [InlineData("pax", 3000)]
    public async Task We_read_what_GNU_tar_writes(string format, int longest)
    {
        var random = Randomness.Create();
        var isOld = format == "ustar"; // its fields hold no time before 1970 and no large one
        var workspace = await GetWorkspaceAsync();
        var source = await workspace.CreateDirectoryAsync("source");
        var entries = Enumerable.Range(0, 100).Select(number => Plain(RandomEntry(random, number, longest), isOld)).ToList();
        var contents = new Dictionary<string, byte[]>();
        foreach (var entry in entries)
        {
            contents[entry.Name] = random.Bytes((int)entry.Size);
            Create(source, entry, contents[entry.Name]);
        }

        await File.WriteAllTextAsync(workspace.PathOf("names"), string.Join('\0', entries.Select(entry => entry.Name)), TestContext.Current.CancellationToken);
        await using var tar = new RunningPipe("tar", ["cf", "-", $"--format={format}", "-C", source, "--null", $"--files-from={workspace.PathOf("names")}"]);
        var found = Read(tar.Output).ToList();

        Assert.Equal(entries.Select(Describe), found.Select(member => Describe(member.Entry)));
        Assert.All(found, member => Assert.Equal(contents[member.Entry.Name], member.Content));
    }

    [Theory]
    [InlineData("gnu")]
    [InlineData("pax")]
    public async Task We_read_past_a_file_of_more_than_8_GiB_of_GNU_tar(string format)
    {
        var workspace = await GetWorkspaceAsync();
        var source = await workspace.CreateDirectoryAsync("source");
        await HandRestore.ShellAsync("""cd "$1" && truncate -s 9G large && echo after >z""", source);
        await using var tar = new RunningPipe("tar", ["cf", "-", $"--format={format}", "-C", source, "large", "z"]);

        var reader = new TarReader(tar.Output, "theirs.tar");

        Assert.Equal(("large", 9 * GiB), (reader.Next() is { } large ? (large.Name, large.Size) : default));
        Assert.Equal(("z", 6L), (reader.Next() is { } after ? (after.Name, after.Size) : default));
        Assert.Null(reader.Next());
    }

    private static FileStream Create(string path)
    {
        var file = new FileStream(path, FileMode.CreateNew);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        return file;
    }

    private static TarEntry RandomEntry(Random random, int number, int longest)
    {
        var name = new StringBuilder($"{number}");
        for (var length = random.Next(4) == 0 ? random.Next(longest) : random.Next(40); ;)
        {
            var part = NameParts[random.Next(NameParts.Length)];
            if (Encoding.UTF8.GetByteCount(name.ToString()) + Encoding.UTF8.GetByteCount(part) > length)
            {
                break;
            }

            name.Append(part);
        }

        // From the year 1019 on: tar pads no year.
        long[] times = [random.NextInt64(-30_000_000_000, 0), -1, 0, 1, random.NextInt64(0, 1L << 33), (1L << 33) - 1, 1L << 33, random.NextInt64(1L << 33, 253_402_300_800)];
        uint[] ids = [0, (uint)random.Next(), (1 << 21) - 1, 1 << 21, uint.MaxValue - 1];
        return new TarEntry(name.ToString(), TarEntryType.File, random.Next(3) * random.Next(2000), random.Next(0x1000), DateTimeOffset.FromUnixTimeSeconds(times[random.Next(times.Length)]))
        {
            UserId = ids[random.Next(ids.Length)],
            GroupId = ids[random.Next(ids.Length)],
        };
    }

    /// <summary>What can be made on a file system as an ordinary account.</summary>
    private static TarEntry Plain(TarEntry entry, bool isOld)
    {
        // A component of a path has at most 255 bytes; ext4 holds times up to the year 2446.
        var name = string.Join('/', entry.Name.EnumerateRunes().Chunk(50).Select(runes => $"d{string.Concat(runes)}"));
        var seconds = entry.Modified.ToUnixTimeSeconds();
        return new TarEntry(name, entry.Type, entry.Size, (entry.Mode & 0x1FF) | 0x180, DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, isOld ? 0 : int.MinValue, isOld ? (1L << 33) - 1 : 15_000_000_000)));
    }

    private static void Create(string directory, TarEntry entry, byte[] content)
    {
        var path = $"{directory}/{entry.Name}";
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        File.SetUnixFileMode(path, (UnixFileMode)entry.Mode);
        File.SetLastWriteTimeUtc(path, entry.Modified.UtcDateTime);
    }

    private static IEnumerable<(TarEntry Entry, byte[] Content)> Read(Stream archive)
    {
        var reader = new TarReader(archive, "theirs.tar");
        while (reader.Next() is { } entry)
        {
            var content = new byte[entry.Size];
            for (var read = 0; read < content.Length;)
            {
                read += reader.Read(content.AsSpan(read));
            }

            yield return (entry, content);
        }
    }

    private static string Describe(TarEntry entry) => string.Create(
        CultureInfo.InvariantCulture,
        $"{ModeText(entry.Mode)} {entry.UserId}/{entry.GroupId} {entry.Size} {entry.Modified:yyyy-MM-dd HH:mm:ss} {entry.Name}");

    private static string ModeText(int mode)
    {
        Span<char> text = stackalloc char[10];
        text[0] = '-';
        for (var bit = 0; bit < 9; bit++)
        {
            text[9 - bit] = (mode & (1 << bit)) != 0 ? "xwr"[bit % 3] : '-';
        }

        (int Bit, int Place, char Letter)[] special = [(0x800, 3, 's'), (0x400, 6, 's'), (0x200, 9, 't')];
        foreach (var (bit, place, letter) in special)
        {
            if ((mode & bit) != 0)
            {
                text[place] = text[place] == 'x' ? letter : char.ToUpperInvariant(letter);
            }
        }

        return text.ToString();
    }

    private static async Task<IReadOnlyList<string>> ListAsync(string archive)
    {
        string[] words = ["--list", "--verbose", "--numeric-owner", "--full-time", "--utc", "--quoting-style=literal", "--show-transformed-names", $"--file={archive}"];
        var listed = (await TestAccount.RunAsync("tar", words)).EnsureSuccess();
        Assert.Equal("", listed.Stderr);
        return [.. listed.Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Spaces().Replace(line, " ", 1))];
    }

    /// <summary>Between owner and size, where tar aligns.</summary>
    [GeneratedRegex(@"(?<=^\S+ \S+) +")]
    private static partial Regex Spaces();

    /// <summary>Writes a file and leaves holes where it would write zeros.</summary>
    private sealed class HoleyStream(FileStream file) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => file.Length;

        public override long Position { get => file.Position; set => throw new NotSupportedException(); }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (buffer.ContainsAnyExcept((byte)0))
            {
                file.Write(buffer);
                return;
            }

            file.Position += buffer.Length;
            file.SetLength(file.Position);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush() => file.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            file.Dispose();
            base.Dispose(disposing);
        }
    }
}
