using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Posix;

public sealed class DurableFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_new_file_appears_under_its_name_alone()
    {
        using (var file = DurableFile.Create(_directory.PathOf("a")))
        {
            file.Write("content"u8);
            Assert.True(file.PublishNew());
        }

        Assert.Equal([_directory.PathOf("a")], Directory.GetFileSystemEntries(_directory.Path));
        Assert.Equal("content", File.ReadAllText(_directory.PathOf("a")));
    }

    [Fact]
    public void A_name_that_is_taken_is_never_replaced()
    {
        File.WriteAllText(_directory.PathOf("a"), "first");
        using (var file = DurableFile.Create(_directory.PathOf("a")))
        {
            file.Write("second"u8);
            Assert.False(file.PublishNew());
        }

        Assert.Equal("first", File.ReadAllText(_directory.PathOf("a")));
        Assert.Single(Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void Without_publishing_nothing_is_left()
    {
        using (var file = DurableFile.Create(_directory.PathOf("a")))
        {
            file.Write("content"u8);
        }

        Assert.Empty(Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void A_directory_that_is_not_there_is_a_typed_failure()
    {
        var failure = Assert.Throws<PgkeepException>(() => DurableFile.Create(_directory.PathOf("none/a")));

        Assert.Equal(ErrorKind.StorageFailed, failure.Kind);
    }

    [Fact]
    public void What_a_dead_process_left_is_removed_and_what_a_living_one_writes_is_not()
    {
        // No process has the largest number that fits.
        File.WriteAllText(_directory.PathOf($".a.{int.MaxValue:x}-0123.tmp"), "");
        File.WriteAllText(_directory.PathOf($".b.{Environment.ProcessId:x}-0123.tmp"), "");

        DurableFile.RemoveLeftovers(_directory.Path);

        Assert.Equal([_directory.PathOf($".b.{Environment.ProcessId:x}-0123.tmp")], Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public void Links_in_a_path_are_followed()
    {
        Directory.CreateDirectory(_directory.PathOf("real/inner"));
        Directory.CreateSymbolicLink(_directory.PathOf("link"), "real");

        Assert.Equal(_directory.PathOf("real/inner"), FileSystem.Resolve(_directory.PathOf("link/inner")));
        Assert.Equal(_directory.PathOf("real/none"), FileSystem.Resolve(_directory.PathOf("link/./inner/../none")));
    }

    [Fact]
    public void A_circle_of_links_ends_with_a_typed_failure()
    {
        Directory.CreateSymbolicLink(_directory.PathOf("a"), "b");
        Directory.CreateSymbolicLink(_directory.PathOf("b"), "a");

        Assert.Throws<PgkeepException>(() => FileSystem.Resolve(_directory.PathOf("a/x")));
    }

    [Fact]
    public void Lines_of_two_writers_do_not_overwrite_each_other()
    {
        var path = _directory.PathOf("log");
        Parallel.For(0, 200, i => FileSystem.Append(path, System.Text.Encoding.ASCII.GetBytes($"line {i}\n"), 0b110_000_000));

        Assert.Equal(200, File.ReadAllLines(path).Distinct().Count());
    }
}
