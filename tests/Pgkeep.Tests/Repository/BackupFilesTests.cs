using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Repository;
using Pgkeep.Streams;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Repository;

/// <summary>The small files by which a backup is known: its name, its metadata, its list of checksums.</summary>
public sealed class BackupFilesTests
{
    [Theory]
    [InlineData("backup_20250108_143000", true)]
    [InlineData("backup_20240229_235959", true)]
    [InlineData("backup_20250229_000000", false)]
    [InlineData("backup_20250108_240000", false)]
    [InlineData("backup_20250108_143000.old", false)]
    [InlineData(".backup_20250108_143000", false)]
    [InlineData("Backup_20250108_143000", false)]
    [InlineData("backup_ 2025108_143000", false)]
    [InlineData("latest", false)]
    [InlineData("", false)]
    public void Only_a_moment_makes_a_name(string text, bool expected)
    {
        Assert.Equal(expected, BackupName.TryParse(text, out var name));
        Assert.Equal(expected, name.ToString() == text);
    }

    [Fact]
    public void Metadata_come_back_as_they_were_written()
    {
        var written = SampleMetadata.Create().ToJson();

        var read = BackupMetadata.FromJson(written, "test");

        Assert.Equal(written, read.ToJson());
        Assert.Equal(SampleMetadata.Create().Stopped, read.Stopped);
    }

    [Fact]
    public void Metadata_cut_anywhere_are_damaged()
    {
        var written = SampleMetadata.Create().ToJson();

        for (var length = 0; length < written.Length - 2; length++)
        {
            var failure = Assert.Throws<PgkeepException>(() => BackupMetadata.FromJson(written.AsSpan(0, length), "test"));
            Assert.Equal(ErrorKind.RepositoryCorrupt, failure.Kind);
        }
    }

    [Fact]
    public void Damaged_metadata_give_a_failure_of_ours_or_metadata()
    {
        foreach (var damaged in Mutation.Of(SampleMetadata.Create().ToJson(), 2000))
        {
            try
            {
                BackupMetadata.FromJson(damaged, "test");
            }
            catch (PgkeepException failure)
            {
                Assert.Equal(ErrorKind.RepositoryCorrupt, failure.Kind);
            }
        }
    }

    [Theory]
    [InlineData("\"format_version\": 1", "\"format_version\": 2")]
    [InlineData("\"wal_segment_size\": 16777216", "\"wal_segment_size\": 0")]
    [InlineData("\"start_lsn\": \"0/2000028\"", "\"start_lsn\": 1")]
    [InlineData("\"compression\": \"gzip\"", "\"compression\": \"lz4\"")]
    [InlineData("\"compression\": \"gzip\"", "\"compression\": null")]
    public void Metadata_that_make_no_sense_are_refused(string from, string to)
    {
        var text = Encoding.UTF8.GetString(SampleMetadata.Create().ToJson());
        Assert.Contains(from, text, StringComparison.Ordinal);

        var failure = Assert.Throws<PgkeepException>(
            () => BackupMetadata.FromJson(Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal)), "test"));

        Assert.Equal(ErrorKind.RepositoryCorrupt, failure.Kind);
    }

    [Fact]
    public void A_list_of_checksums_comes_back_in_the_order_of_names()
    {
        var digest = Sha256Digest.Of("x"u8);
        var list = new ChecksumList([new FileChecksum("pg_wal.tar.gz", digest), new FileChecksum("base.tar.gz", digest)]);

        var read = ChecksumList.Parse(list.ToBytes(), "test");

        Assert.Equal(["base.tar.gz", "pg_wal.tar.gz"], read.Files.Select(file => file.Name));
        Assert.All(read.Files, file => Assert.Equal(digest, file.Digest));
    }

    [Fact]
    public void A_list_cut_anywhere_but_at_a_line_s_end_is_damaged()
    {
        var digest = Sha256Digest.Of("x"u8);
        var bytes = new ChecksumList([new FileChecksum("base.tar.gz", digest), new FileChecksum("pg_wal.tar.gz", digest)]).ToBytes();
        var lengths = Enumerable.Range(0, bytes.Length).Where(length => length == 0 || bytes[length - 1] != (byte)'\n');

        Assert.All(lengths, length => Assert.Throws<PgkeepException>(() => ChecksumList.Parse(bytes.AsSpan(0, length), "test")));
    }

    [Theory]
    [InlineData("../base.tar.gz")]
    [InlineData("/etc/passwd")]
    [InlineData(".hidden")]
    [InlineData("")]
    public void A_list_names_files_of_its_own_directory_only(string name) =>
        Assert.Throws<PgkeepException>(() => ChecksumList.Parse(Encoding.UTF8.GetBytes($"{Sha256Digest.Of("x"u8)}  {name}\n"), "test"));
}
