using Pgkeep.Demo;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Demo;

public sealed class RepositoryTreeTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("base.tar.gz", "compressed database files")]
    [InlineData("base.tar.zst", "compressed database files")]
    [InlineData("16384.tar.gz", "compressed tablespace files")]
    [InlineData("16384.tar.zst", "compressed tablespace files")]
    [InlineData("backup_metadata.json", "backup information")]
    [InlineData("000000010000000000000004.gz", "archived WAL segment")]
    [InlineData("000000010000000000000004.000000E8.backup.gz", "where a backup begins and ends")]
    [InlineData("00000002.history.gz", "where a timeline branches off")]
    [InlineData("somebody.else", "")]
    public void File_is_told_by_its_name(string name, string meaning)
    {
        _directory.Write(name, "12345");

        var tree = RepositoryTree.Read(_directory.Path);

        Assert.Equal([new TreeNode(name, "5 bytes", meaning)], tree.Children);
    }

    [Fact]
    public void Directories_links_and_their_order_are_those_of_tree()
    {
        _directory.Write(".lock", "");
        _directory.Write("repository.json", "{}");
        Directory.CreateDirectory(Path.Join(_directory.Path, "backup_20250108_143000"));
        File.CreateSymbolicLink(Path.Join(_directory.Path, "latest"), "backup_20250108_143000");

        var tree = RepositoryTree.Read(_directory.Path);

        Assert.Equal(["backup_20250108_143000/", "latest -> backup_20250108_143000", "repository.json"], tree.Children.Select(child => child.Name));
    }
}
