using Pgkeep.Backup;
using Pgkeep.Backup.Frames;
using Pgkeep.Backup.Sources;
using Pgkeep.Posix;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Backup.Frames;

/// <summary>A relation that the server changes while it is copied.</summary>
public sealed class OpenFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string FilePath => _directory.PathOf("16384");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 50)]
    [InlineData(40, 50)]
    [InlineData(50, 50)]
    public void A_file_that_is_truncated_is_filled_with_zeros(int offset, int left)
    {
        var content = Create(100);
        using var file = Open();
        using (var writer = new FileStream(FilePath, FileMode.Open))
        {
            writer.SetLength(left);
        }

        var read = Read(file, offset, 100 - offset);

        Assert.Equal([.. content[..left], .. new byte[100 - left]], [.. content[..offset], .. read]);
    }

    [Fact]
    public void A_file_that_is_extended_keeps_the_size_it_had_when_it_was_opened()
    {
        var content = Create(100);
        using var file = Open();
        File.AppendAllText(FilePath, "more");

        Assert.Equal(100, file.Size);
        Assert.Equal(content, Read(file, 0, 100));
    }

    [Fact]
    public void A_file_that_was_extended_after_it_was_listed_has_its_new_size()
    {
        Create(100);
        var item = Item();
        File.AppendAllText(FilePath, "more");

        using var file = Open(item);

        Assert.Equal(104, file.Size);
    }

    [Fact]
    public void A_small_file_that_has_become_large_is_copied_up_to_a_limit()
    {
        var content = Create(100);
        File.AppendAllText(FilePath, new string('x', 1000));

        using var file = new OpenFile(new LocalFiles(_directory.Path).TryOpen("16384")!, Item(), "16384", 100);

        Assert.Equal(100, file.Size);
        Assert.Equal(content, Read(file, 0, 100));
    }

    [Fact]
    public void A_file_that_is_dropped_while_it_is_open_is_read_to_its_end()
    {
        var content = Create(100);
        using var file = Open();
        File.Delete(FilePath);

        Assert.Equal(content, Read(file, 0, 100));
    }

    [Fact]
    public void A_file_that_is_dropped_before_is_none()
    {
        Create(100);
        File.Delete(FilePath);

        Assert.Null(new LocalFiles(_directory.Path).TryOpen("16384"));
    }

    private static byte[] Read(OpenFile file, long offset, int length)
    {
        var read = new byte[length];
        Array.Fill(read, (byte)'?');
        file.Read(read, offset);
        return read;
    }

    private byte[] Create(int length)
    {
        var content = Enumerable.Range(1, length).Select(i => (byte)i).ToArray();
        File.WriteAllBytes(FilePath, content);
        return content;
    }

    private CopyItem Item() => new("16384", FileStatus.Of(FilePath)!.Value);

    private OpenFile Open() => Open(Item());

    private OpenFile Open(CopyItem item) => new(new LocalFiles(_directory.Path).TryOpen(item.Name)!, item, item.Name);
}
