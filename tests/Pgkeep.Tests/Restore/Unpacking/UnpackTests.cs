using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Repository;
using Pgkeep.Restore.Unpacking;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore.Unpacking;

public sealed class UnpackTests : IDisposable
{
    private readonly BackupOnDisk _backup = new();
    private readonly TemporaryDirectory _home = new();

    private string Archive => _backup.PathOf(_backup.Metadata.Archives.Main);

    private string Index => ArchiveNames.IndexOf(Archive);

    public void Dispose()
    {
        _backup.Dispose();
        _home.Dispose();
    }

    [Theory]
    [InlineData("gzip", 1)]
    [InlineData("gzip", 2)]
    [InlineData("gzip", 4)]
    [InlineData("zstd", 4)]
    [InlineData("none", 4)]
    public void What_was_packed_is_there_again(string codec, int jobs)
    {
        _backup.Metadata = _backup.Metadata with { Compression = codec };
        _backup.Make();

        var unpack = Run(jobs);

        Assert.Equal(_backup.Contents.Keys.Append("backup_label").Append("global/pg_control.pgkeep").Order(StringComparer.Ordinal), FilesIn(Target(jobs)));
        Assert.All(_backup.Contents, file => Assert.Equal(file.Value, File.ReadAllBytes(Path.Combine(Target(jobs), file.Key))));
        Assert.Equal((_backup.Contents.Count + 2, _backup.Contents.Values.Sum(content => content.Length) + "a label\n".Length + Fixture.Bytes("control/15.pg_control").Length), (unpack.Files, unpack.Bytes));
        Assert.True(Directory.Exists(Path.Combine(Target(jobs), "pg_wal")));
    }

    [Fact]
    public void A_file_of_many_frames_is_put_together_by_many_threads()
    {
        _backup.Add("base/1/99999", BackupOnDisk.Pages(2000, 0));
        _backup.Make();

        for (var round = 0; round < 5; round++)
        {
            Run(8, $"round{round}");
            Assert.Equal(_backup.Contents["base/1/99999"], File.ReadAllBytes(Path.Combine(_home.PathOf($"round{round}"), "base/1/99999")));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Modes_are_those_of_the_archive_and_others_get_nothing(int jobs)
    {
        _backup.ChangeMode("PG_VERSION", 0b110_100_100);
        _backup.ChangeMode("postgresql.auto.conf", 0b110_000_000);
        _backup.ChangeMode("base", 0b111_101_101);
        _backup.Make();

        Run(jobs).OpenTo(Target(jobs));

        Assert.Equal((UnixFileMode)0b110_100_000, File.GetUnixFileMode(Path.Combine(Target(jobs), "PG_VERSION")));
        Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(Path.Combine(Target(jobs), "postgresql.auto.conf")));
        Assert.Equal((UnixFileMode)0b111_101_000, File.GetUnixFileMode(Path.Combine(Target(jobs), "base")));
        Assert.Equal((UnixFileMode)0b111_101_000, File.GetUnixFileMode(Target(jobs)));
    }

    [Fact]
    public void A_directory_has_its_mode_whoever_creates_it_first()
    {
        var names = Enumerable.Range(0, 40).Select(number => $"d{number}/e/f").ToList();
        foreach (var name in names)
        {
            // Big enough to begin a frame of its own, away from its directory's header.
            _backup.Add(name, BackupOnDisk.Pages(70, 0));
            _backup.AddDirectory(Path.GetDirectoryName(name)!);
        }

        _backup.Make();
        for (var round = 0; round < 3; round++)
        {
            Run(8, $"modes{round}");
            Assert.All(names, name => Assert.Equal((UnixFileMode)0b111_101_000, File.GetUnixFileMode(Path.Combine(_home.PathOf($"modes{round}"), Path.GetDirectoryName(name)!))));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Pg_control_gets_its_name_at_the_end(int jobs)
    {
        _backup.Make();
        Run(jobs);
        var control = Path.Combine(Target(jobs), "global/pg_control");
        Assert.False(File.Exists(control));

        Unpack.Finish(Target(jobs));

        Assert.Equal(Fixture.Bytes("control/15.pg_control"), File.ReadAllBytes(control));
        Assert.Equal(ErrorKind.BackupDamaged, Assert.Throws<PgkeepException>(() => Unpack.Finish(Target(jobs))).Kind);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_damaged_archive_is_refused(int jobs)
    {
        _backup.Make();
        var content = File.ReadAllBytes(Archive);
        content[content.Length / 2] ^= 0x10;
        File.WriteAllBytes(Archive, content);

        Assert.Equal(ErrorKind.BackupDamaged, Assert.Throws<PgkeepException>(() => Run(jobs)).Kind);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void An_archive_that_is_cut_is_refused(int jobs)
    {
        _backup.Make();
        File.WriteAllBytes(Archive, File.ReadAllBytes(Archive)[..^20]);

        Assert.Equal(ErrorKind.BackupDamaged, Assert.Throws<PgkeepException>(() => Run(jobs)).Kind);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void What_is_there_already_is_never_written_over(int jobs)
    {
        _backup.Make();
        Directory.CreateDirectory(Path.Combine(Target(jobs), "base/1"));
        File.WriteAllText(Path.Combine(Target(jobs), "base/1/16384"), "somebody's");

        Assert.Contains("twice", Assert.Throws<PgkeepException>(() => Run(jobs)).Message, StringComparison.Ordinal);
        Assert.Equal("somebody's", File.ReadAllText(Path.Combine(Target(jobs), "base/1/16384")));
    }

    [Fact]
    public void An_index_of_another_archive_is_refused_and_without_it_all_is_well()
    {
        _backup.Make();
        _backup.Add("base/1/16384", BackupOnDisk.Pages(301, 0));
        _backup.Make(keepIndex: true);

        var failure = Assert.Throws<PgkeepException>(() => Run(4));
        Assert.Equal(ErrorKind.BackupDamaged, failure.Kind);
        Assert.Contains("--jobs 1", Assert.Single(failure.Hints), StringComparison.Ordinal);

        File.Delete(Index);
        Run(4, "again");
        Assert.Equal(_backup.Contents["base/1/16384"], File.ReadAllBytes(Path.Combine(_home.PathOf("again"), "base/1/16384")));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("/outside")]
    [InlineData("a/../../outside")]
    [InlineData("a//b")]
    [InlineData("")]
    public void A_member_outside_of_the_directory_is_refused(string name) =>
        Assert.Equal(ErrorKind.BackupDamaged, Assert.Throws<PgkeepException>(() => RestoredFiles.PathOf("/target", name, "base.tar.gz")).Kind);

    [Fact]
    public void It_stops_when_it_is_told_to()
    {
        _backup.Make();
        using var stop = new CancellationTokenSource();
        stop.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() => RunUntil(4, "stopped", stop.Token));
    }

    private static List<string> FilesIn(string directory) =>
        [.. Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(directory, path)).Order(StringComparer.Ordinal)];

    private string Target(int jobs) => _home.PathOf($"target{jobs}");

    private Unpack Run(int jobs) => Run(jobs, $"target{jobs}");

    private Unpack Run(int jobs, string target) => RunUntil(jobs, target, TestContext.Current.CancellationToken);

    private Unpack RunUntil(int jobs, string target, CancellationToken cancellationToken)
    {
        var unpack = new Unpack(Account.Find(Account.CurrentUserId)!, _backup.Metadata.Codec, jobs);
        unpack.CreateDirectory(_home.PathOf(target));
        unpack.Run(Archive, "", _home.PathOf(target), cancellationToken);
        return unpack;
    }
}
