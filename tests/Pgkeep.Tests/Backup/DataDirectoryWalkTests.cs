using Pgkeep.Backup;
using Pgkeep.Backup.Sources;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Backup;

public sealed class DataDirectoryWalkTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly List<string> _warnings = [];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Of_an_unlogged_relation_only_the_init_fork_goes_along_and_of_a_temporary_one_nothing()
    {
        Create("base/5/16384", "base/5/16384.1", "base/5/16384_fsm", "base/5/16384_init", "base/5/16385", "base/5/16385_vm", "base/5/t3_16386", "base/5/t3_16386_fsm", "base/5/t3_16386.1");

        Assert.Equal(["base/5/16384_init", "base/5/16385", "base/5/16385_vm"], WalkFiles());
    }

    [Fact]
    public void Where_no_relations_are_such_names_are_kept()
    {
        Create("extra/16384", "extra/16384_init", "extra/t3_16386");

        Assert.Equal(["extra/16384", "extra/16384_init", "extra/t3_16386"], WalkFiles());
    }

    [Theory]
    [InlineData(0b111_000_000)]
    [InlineData(0b111_101_000)]
    public void A_link_that_becomes_a_directory_has_the_data_directory_s_mode(int mode)
    {
        File.SetUnixFileMode(_directory.Path, (UnixFileMode)mode);
        using var elsewhere = new TemporaryDirectory();
        File.CreateSymbolicLink(_directory.PathOf("pg_wal"), elsewhere.Path);
        File.CreateSymbolicLink(_directory.PathOf("pg_stat_tmp"), _directory.PathOf("nowhere"));

        var items = Walk();

        Assert.Equal([("pg_stat_tmp", FileType.Directory, mode), ("pg_wal", FileType.Directory, mode)], items.Select(item => (item.Name, item.Status.Type, item.Status.Mode)));
    }

    [Fact]
    public void A_link_elsewhere_is_left_out_with_a_warning()
    {
        Create("kept");
        File.CreateSymbolicLink(_directory.PathOf("mine"), "/etc/hostname");

        Assert.Equal(["kept"], WalkFiles());
        Assert.Contains("is a symbolic link", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base")]
    [InlineData("pg_xact")]
    [InlineData("base/5")]
    public void A_link_that_stands_for_data_is_refused(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_directory.PathOf(name))!);
        File.CreateSymbolicLink(_directory.PathOf(name), "/tmp");

        Assert.Equal(ErrorKind.ServerUnsuitable, Assert.Throws<PgkeepException>(Walk).Kind);
    }

    [Fact]
    public void What_vanishes_during_the_walk_is_passed_over()
    {
        Create("base/4/1", "base/5/1", "base/5/2", "base/6/1");
        var found = new List<string>();

        foreach (var item in new DataDirectoryWalk(new LocalFiles(_directory.Path), _warnings.Add).Of(""))
        {
            found.Add(item.Name);
            if (item.Name == "base/4/1")
            {
                File.Delete(_directory.PathOf("base/5/2"));
                Directory.Delete(_directory.PathOf("base/6"), recursive: true);
            }
        }

        Assert.Equal(["base", "base/4", "base/4/1", "base/5", "base/5/1"], found);
        Assert.Empty(_warnings);
    }

    private void Create(params string[] names)
    {
        foreach (var name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_directory.PathOf(name))!);
            File.WriteAllText(_directory.PathOf(name), name);
        }
    }

    private List<CopyItem> Walk() => [.. new DataDirectoryWalk(new LocalFiles(_directory.Path), _warnings.Add).Of("")];

    private IEnumerable<string> WalkFiles() => Walk().Where(item => item.Status.Type == FileType.Regular).Select(item => item.Name);
}
