using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Repository;
using Pgkeep.Repository.Frames;
using Pgkeep.Restore.InPlace;
using Pgkeep.Restore.Unpacking;
using Pgkeep.Restore.Unpacking.Selected;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore.Unpacking.Selected;

public sealed class SelectedCopyTests : IDisposable
{
    private const string Large = "base/1/16384";
    private const string Small = "postgresql.auto.conf";

    private readonly BackupOnDisk _backup = new();
    private readonly TemporaryDirectory _home = new();

    private static Account Me => Account.Find(Account.CurrentUserId)!;

    private string Archive => _backup.PathOf(_backup.Metadata.Archives.Main);

    private string Old => _home.PathOf("old");

    private string New => _home.PathOf("new");

    public void Dispose()
    {
        _backup.Dispose();
        _home.Dispose();
    }

    [Theory]
    [InlineData("gzip", 1)]
    [InlineData("gzip", 4)]
    [InlineData("zstd", 4)]
    [InlineData("none", 4)]
    public void Without_old_files_all_comes_from_the_backup(string codec, int jobs)
    {
        _backup.Metadata = _backup.Metadata with { Compression = codec };
        _backup.Make();

        var copy = Run(new TargetFiles(new RestoredFiles(Me), new FilePlaces(New, [])), jobs);

        AssertRestored(New);
        Assert.Equal((0, _backup.Contents.Count + 2), (copy.Target.KeptFiles, copy.Target.Files.Files));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void In_place_a_file_that_is_right_is_not_written(int jobs)
    {
        _backup.Make();
        MakeOld();
        File.SetLastWriteTimeUtc(Path.Combine(Old, Large), new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        var copy = ChangeOld(jobs);

        AssertRestored(Old);
        Assert.Equal(new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc), File.GetLastWriteTimeUtc(Path.Combine(Old, Large)));
        Assert.Equal(_backup.Contents.Count, copy.Target.KeptFiles);
    }

    [Theory]
    [InlineData("a changed byte", 1)]
    [InlineData("a changed byte", 4)]
    [InlineData("grown", 4)]
    [InlineData("shrunk", 1)]
    [InlineData("shrunk", 4)]
    [InlineData("missing", 4)]
    [InlineData("a directory", 4)]
    [InlineData("a link", 4)]
    [InlineData("shared", 1)]
    [InlineData("shared", 4)]
    [InlineData("more files", 4)]
    [InlineData("no directory", 4)]
    public void In_place_what_differs_becomes_the_backup_and_what_it_does_not_have_goes(string damage, int jobs)
    {
        _backup.Make();
        MakeOld();
        File.WriteAllText(_home.PathOf("elsewhere"), "somebody's");
        DamageOld(damage);

        ChangeOld(jobs);

        AssertRestored(Old);
        Assert.Equal("somebody's", File.ReadAllText(_home.PathOf("elsewhere")));
    }

    [Fact]
    public void In_place_only_the_blocks_that_differ_are_written()
    {
        _backup.Make();
        MakeOld();
        Change(Path.Combine(Old, Large), 100 * BackupOnDisk.BlockSize);

        var copy = ChangeOld(4);

        AssertRestored(Old);
        var control = Fixture.Bytes("control/15.pg_control").Length;
        Assert.Equal(TargetFile.BlockLength, copy.Target.WrittenBytes - control);
    }

    [Fact]
    public void A_file_of_the_same_length_and_time_with_a_changed_byte_is_found_by_its_content()
    {
        _backup.Make();
        MakeOld();
        var path = Path.Combine(Old, Large);
        var time = File.GetLastWriteTimeUtc(path);
        Change(path, 12345);
        File.SetLastWriteTimeUtc(path, time);

        ChangeOld(4);

        AssertRestored(Old);
    }

    [Fact]
    public void A_file_with_another_name_elsewhere_is_replaced_and_not_written_to()
    {
        _backup.Make();
        MakeOld();
        Change(Path.Combine(Old, Large), 5);
        var before = File.ReadAllBytes(Path.Combine(Old, Large));
        using (var link = System.Diagnostics.Process.Start("ln", [Path.Combine(Old, Large), _home.PathOf("snapshot")]))
        {
            link.WaitForExit();
        }

        ChangeOld(4);

        AssertRestored(Old);
        Assert.Equal(before, File.ReadAllBytes(_home.PathOf("snapshot")));
    }

    [Fact]
    public void Frames_of_files_that_are_right_are_not_read()
    {
        _backup.Make();
        MakeOld();
        DamageFramesOf(Large);

        ChangeOld(4);

        AssertRestored(Old);
        Assert.Throws<PgkeepException>(() => ChangeOld(1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void What_is_written_is_compared_with_the_manifest(int jobs)
    {
        _backup.Metadata = _backup.Metadata with { Compression = "none" };
        _backup.Make();
        var content = File.ReadAllBytes(Archive);
        content[content.AsSpan().IndexOf("# nothing\n"u8)] ^= 1;
        File.WriteAllBytes(Archive, content);

        var failure = Assert.Throws<PgkeepException>(() => Run(new TargetFiles(new RestoredFiles(Me), new FilePlaces(New, [])), jobs));

        Assert.Contains(Small, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_file_that_only_the_manifest_has_is_missed(int jobs)
    {
        _backup.Add("base/1/77777", new byte[9]);
        _backup.Make();
        var manifest = File.ReadAllBytes(_backup.PathOf("backup_manifest"));
        using var other = new BackupOnDisk();
        other.Make();
        File.Copy(other.PathOf("base.tar.gz"), Archive, overwrite: true);
        File.Copy(other.PathOf("base.index.gz"), _backup.PathOf("base.index.gz"), overwrite: true);
        File.WriteAllBytes(_backup.PathOf("backup_manifest"), manifest);

        var failure = Assert.Throws<PgkeepException>(() => Run(new TargetFiles(new RestoredFiles(Me), new FilePlaces(New, [])), jobs));

        Assert.Equal(ErrorKind.BackupDamaged, failure.Kind);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Emptied_files_have_their_length_and_take_no_space(int jobs)
    {
        _backup.Make();
        if (jobs > 1)
        {
            DamageFramesOf(Large);
        }

        Run(new TargetFiles(new RestoredFiles(Me), new FilePlaces(New, [])), jobs, name => name == Large);

        var file = Path.Combine(New, Large);
        Assert.Equal(new byte[_backup.Contents[Large].Length], File.ReadAllBytes(file));
        Assert.Equal(_backup.Contents["base/1/16384_fsm"], File.ReadAllBytes(Path.Combine(New, "base/1/16384_fsm")));
    }

    [Fact]
    public void An_old_file_is_emptied_in_place()
    {
        _backup.Make();
        MakeOld();

        Run(new ChangedFiles(new RestoredFiles(Me, areNew: false), new FilePlaces(Old, []), Me), 4, name => name == Large);

        Assert.Equal(new byte[_backup.Contents[Large].Length], File.ReadAllBytes(Path.Combine(Old, Large)));
    }

    [Theory]
    [InlineData("nothing", 4)]
    [InlineData("nothing", 1)]
    [InlineData("a changed byte", 4)]
    [InlineData("grown", 1)]
    [InlineData("grown", 4)]
    [InlineData("shrunk", 4)]
    [InlineData("missing", 4)]
    [InlineData("a directory", 4)]
    [InlineData("a link", 4)]
    public void Beside_an_old_cluster_the_new_one_is_right_and_the_old_one_as_it_was(string damage, int jobs)
    {
        _backup.Make();
        MakeOld();
        DamageOld(damage);
        var before = Describe(Old);

        Run(new ClonedFiles(new RestoredFiles(Me), new FilePlaces(New, []), new FilePlaces(Old, [])), jobs);

        AssertRestored(New);
        Assert.Equal(before, Describe(Old));
    }

    [Fact]
    public void Directories_that_are_there_get_the_modes_of_the_backup()
    {
        _backup.AddDirectory("pg_notify");
        _backup.Make();
        MakeOld();
        File.SetUnixFileMode(Path.Combine(Old, "base"), (UnixFileMode)0b111_111_111);
        File.SetUnixFileMode(Path.Combine(Old, "pg_notify"), (UnixFileMode)0b111_000_000);

        ChangeOld(4);

        Assert.Equal((UnixFileMode)0b111_101_000, File.GetUnixFileMode(Path.Combine(Old, "pg_notify")));
        Assert.Equal((UnixFileMode)0, File.GetUnixFileMode(Path.Combine(Old, "base")) & (UnixFileMode)0b000_010_111);
    }

    private static void Change(string path, int offset)
    {
        var content = File.ReadAllBytes(path);
        content[offset] ^= 0x55;
        File.WriteAllBytes(path, content);
    }

    private static List<string> Describe(string directory) =>
        [.. new DirectoryInfo(directory).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
            .Select(entry => $"{entry.FullName} {entry.LinkTarget} {entry.LastWriteTimeUtc:O} {(entry is FileInfo { LinkTarget: null } ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(entry.FullName))) : "")}")
            .Order(StringComparer.Ordinal)];

    private SelectedCopy Run(TargetFiles target, int jobs, Func<string, bool>? isEmptied = null)
    {
        var copy = new SelectedCopy(_backup.Seal(), _backup.Metadata, target, jobs);
        target.Files.CreateDirectory(New);
        copy.Survey(isEmptied ?? (_ => false), TestContext.Current.CancellationToken);
        copy.Run(_backup.Metadata.Archives.Main, "", TestContext.Current.CancellationToken);
        copy.Files.RequireAll();
        return copy;
    }

    /// <summary>As a restore in place does it.</summary>
    private SelectedCopy ChangeOld(int jobs)
    {
        var files = new RestoredFiles(Me, areNew: false);
        var copy = new SelectedCopy(_backup.Seal(), _backup.Metadata, new ChangedFiles(files, new FilePlaces(Old, []), Me), jobs);
        copy.Survey(_ => false, TestContext.Current.CancellationToken);
        new OldFileRemoval(copy.Files, TestContext.Current.CancellationToken).ClearDataDirectory(Old);
        copy.Run(_backup.Metadata.Archives.Main, "", TestContext.Current.CancellationToken);
        copy.Files.RequireAll();
        return copy;
    }

    private void MakeOld()
    {
        var unpack = new Unpack(Me, _backup.Metadata.Codec, 1);
        unpack.CreateDirectory(Old);
        unpack.Run(Archive, "", Old, TestContext.Current.CancellationToken);
        Unpack.Finish(Old);
    }

    private void DamageOld(string damage)
    {
        var (large, small) = (Path.Combine(Old, Large), Path.Combine(Old, Small));
        switch (damage)
        {
            case "a changed byte":
                Change(large, 1_500_000);
                Change(small, 3);
                break;
            case "grown":
                File.AppendAllText(large, "more");
                File.AppendAllText(small, "more");
                break;
            case "shrunk":
                File.WriteAllBytes(large, _backup.Contents[Large][..1_300_000]);
                File.WriteAllBytes(small, []);
                break;
            case "missing":
                File.Delete(large);
                File.Delete(small);
                break;
            case "a directory":
                File.Delete(large);
                File.Delete(small);
                Directory.CreateDirectory(large);
                Directory.CreateDirectory(Path.Combine(small, "deep"));
                File.WriteAllText(Path.Combine(small, "deep/file"), "x");
                break;
            case "a link":
                File.Delete(large);
                File.Delete(small);
                File.CreateSymbolicLink(large, _home.PathOf("elsewhere"));
                File.CreateSymbolicLink(small, _home.PathOf("elsewhere"));
                break;
            case "shared":
                Directory.Move(Path.Combine(Old, "base/1"), _home.PathOf("moved"));
                Directory.CreateSymbolicLink(Path.Combine(Old, "base/1"), _home.PathOf("moved"));
                break;
            case "more files":
                File.WriteAllText(Path.Combine(Old, "postmaster.pid"), "1");
                File.CreateSymbolicLink(Path.Combine(Old, "standby.signal"), _home.PathOf("elsewhere"));
                Directory.CreateDirectory(Path.Combine(Old, "base/5/pgsql_tmp"));
                File.WriteAllText(Path.Combine(Old, "base/5/pgsql_tmp/one"), "1");
                File.WriteAllText(Path.Combine(Old, "base/1/16384_init"), "1");
                File.WriteAllText(Path.Combine(Old, "pg_wal/000000010000000000000009"), "1");
                break;
            case "no directory":
                Directory.Delete(Path.Combine(Old, "base"), recursive: true);
                File.WriteAllText(Path.Combine(Old, "base"), "a file");
                break;
        }
    }

    private void DamageFramesOf(string name)
    {
        var content = File.ReadAllBytes(Archive);
        using (var index = new FrameIndexReader(ArchiveNames.IndexOf(Archive)))
        {
            while (index.TryRead() is { } frame)
            {
                if (frame.Parts.Count > 0 && frame.Parts.All(part => part.Name == name))
                {
                    content.AsSpan((int)frame.StoredOffset, frame.StoredLength).Fill(0xFF);
                }
            }
        }

        File.WriteAllBytes(Archive, content);
    }

    private void AssertRestored(string directory)
    {
        var expected = _backup.Contents.Keys.Append("backup_label").Append("global/pg_control.pgkeep").Order(StringComparer.Ordinal);
        Assert.Equal(
            expected, Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(directory, path)).Order(StringComparer.Ordinal));
        Assert.All(_backup.Contents, file => Assert.Equal(file.Value, File.ReadAllBytes(Path.Combine(directory, file.Key))));
        Assert.DoesNotContain(new DirectoryInfo(directory).EnumerateFileSystemInfos("*", SearchOption.AllDirectories), entry => entry.LinkTarget is not null);
        Assert.True(Directory.Exists(Path.Combine(directory, "pg_wal")));
    }
}
