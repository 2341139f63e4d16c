using Pgkeep.Demo;
using Pgkeep.Output;
using Xunit;

namespace Pgkeep.Tests.Demo;

public sealed class TreeTextTests
{
    private readonly List<string> _lines = [];

    [Fact]
    public void Entries_hang_on_branches_with_size_and_meaning_in_columns()
    {
        var tree = new TreeNode(
            "/backups",
            "",
            "",
            new TreeNode("backup/", "", "a backup", new TreeNode("base.tar.gz", "12 MB", "files"), new TreeNode("sums", "327 bytes", "checksums")),
            new TreeNode("wal/", "", "WAL", new TreeNode("1.gz", "5.6 MB", "a segment")));

        TreeText.Write(tree, _lines.Add);

        Assert.Equal(
            [
                "/backups",
                "├── backup/                     a backup",
                "│   ├── base.tar.gz      12 MB  files",
                "│   └── sums         327 bytes  checksums",
                "└── wal/                        WAL",
                "    └── 1.gz            5.6 MB  a segment",
            ],
            _lines);
    }

    [Fact]
    public void Empty_directory_is_its_name()
    {
        TreeText.Write(new TreeNode("/backups"), _lines.Add);

        Assert.Equal(["/backups"], _lines);
    }

    [Fact]
    public void Line_ends_with_its_last_word()
    {
        TreeText.Write(new TreeNode("/", "", "", new TreeNode("known", "1 kB", "meaning"), new TreeNode("unknown", "2 kB")), _lines.Add);

        Assert.All(_lines, line => Assert.Equal(line.TrimEnd(), line));
    }

    [Fact]
    public void Line_of_a_repository_with_the_longest_names_fits_a_terminal()
    {
        var archive = new TreeNode("wal_archive/", "", "", new TreeNode("000000010000000000000004.000000E8.backup.gz", "999 bytes", new string('x', 30)));

        TreeText.Write(new TreeNode("/", "", "", archive), _lines.Add);

        Assert.Equal(3, _lines.Count);
        Assert.All(_lines, line => Assert.InRange(line.Length, 1, TextWrap.Width));
    }
}
