using Pgkeep.Backup.Streamed;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Backup.Streamed;

public sealed class ManifestDigestTests
{
    private static readonly (string Path, long Size, uint Checksum)[] Files =
        [("base/1/1259", 8192, 1), ("global/1260", 0, 2), ("backup_label", 200, 3), ("PG_VERSION", 3, 4)];

    [Fact]
    public void The_order_of_the_files_does_not_matter()
    {
        var one = Read(Files);
        var other = Read([.. Files.Reverse()]);

        Assert.True(one.HasSameFiles(other));
        Assert.Equal((4L, 8395L), (one.Files, one.Bytes));
    }

    [Theory]
    [InlineData("base/1/1259", 8192L, 9u)]
    [InlineData("base/1/1259", 16384L, 1u)]
    [InlineData("base/1/1258", 8192L, 1u)]
    public void A_file_that_differs_in_anything_is_noticed(string path, long size, uint checksum)
    {
        var changed = Read([(path, size, checksum), .. Files[1..]]);

        Assert.False(Read(Files).HasSameFiles(changed));
    }

    [Fact]
    public void Checksums_that_are_exchanged_are_noticed()
    {
        var exchanged = Read([("base/1/1259", 8192, 2), ("global/1260", 0, 1), .. Files[2..]]);

        Assert.False(Read(Files).HasSameFiles(exchanged));
    }

    [Theory]
    [InlineData("pg_wal/archive_status/000000010000000000000001.done")]
    [InlineData("tablespace_map")]
    [InlineData("recovery.done")]
    public void What_is_not_stored_is_not_compared(string path)
    {
        var theirs = Read([.. Files, (path, 0, 0)]);

        Assert.True(Read(Files).HasSameFiles(theirs));
    }

    [Theory]
    [InlineData("backup_label")]
    [InlineData("tablespace_map")]
    public void A_label_or_map_with_content_is_compared(string path)
    {
        var theirs = Read([.. Files[..2], Files[3], (path, 7, 7)]);

        Assert.False(Read(Files).HasSameFiles(theirs));
    }

    [Fact]
    public void A_manifest_that_is_cut_is_refused()
    {
        var bytes = Write(Files);

        var refused = Assert.Throws<PgkeepException>(() => ManifestDigest.Read(new MemoryStream(bytes[..^10]), "it"));

        Assert.Equal(ErrorKind.BackupDamaged, refused.Kind);
    }

    private static ManifestDigest Read((string Path, long Size, uint Checksum)[] files) => ManifestDigest.Read(new MemoryStream(Write(files)), "it");

    private static byte[] Write((string Path, long Size, uint Checksum)[] files)
    {
        using var stream = new MemoryStream();
        using var writer = new BackupManifestWriter(stream, 2, new SystemIdentifier(1));
        foreach (var (path, size, checksum) in files)
        {
            writer.AddFile(path, size, DateTimeOffset.UnixEpoch, checksum);
        }

        writer.Finish([new WalRange(TimelineId.First, new Lsn(0x2000028), new Lsn(0x2000100))]);
        return stream.ToArray();
    }
}
