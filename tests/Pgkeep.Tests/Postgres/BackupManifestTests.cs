using System.Security.Cryptography;
using System.Text;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

/// <summary>
/// The fixtures are manifests that pg_basebackup of that major received from its server, for a small cluster with four files whose
/// names need care: quotes and backslashes, control characters, bytes that are not UTF-8, and characters of up to four bytes.
/// </summary>
public sealed class BackupManifestTests
{
    private const string Small = """
        { "PostgreSQL-Backup-Manifest-Version": 1,
        "Files": [
        { "Path": "a", "Size": 3, "Last-Modified": "2026-11-22 19:42:58 GMT", "Checksum-Algorithm": "CRC32C", "Checksum": "85682325" },
        { "Encoded-Path": "62e9", "Size": 0, "Last-Modified": "2026-11-22 19:42:58 GMT" }
        ],
        "WAL-Ranges": [
        { "Timeline": 2, "Start-LSN": "0/3000000", "End-LSN": "0/4000120" },
        { "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/3000000" }
        ],

        """;

    [Theory]
    [InlineData(13, 1)]
    [InlineData(15, 1)]
    [InlineData(17, 2)]
    [InlineData(18, 2)]
    public void A_servers_manifest_read_and_written_again_is_the_same_to_the_byte(int major, int version)
    {
        var original = Real(major);
        var (files, summary, problem) = Read(original);
        Assert.Equal("", problem);

        using var copy = new MemoryStream();
        using var writer = new BackupManifestWriter(copy, version, summary!.SystemIdentifier ?? default);
        files.ForEach(file => writer.AddFile(file.PathBytes, file.Size, file.LastModified!.Value, file.Crc32C!.Value));
        writer.Finish(summary.WalRanges);

        Assert.Equal(Encoding.Latin1.GetString(original), Encoding.Latin1.GetString(copy.ToArray()));
    }

    [Theory]
    [InlineData("weird/utf8 é € 🐘")]
    [InlineData("weird/quote\" back\\slash")]
    [InlineData("weird/tab\t nl\n bell\a del\x7F")]
    [InlineData("weird/latin \uFFFD")]
    public void Names_that_need_care_are_read_as_the_file_system_has_them(string path) =>
        Assert.Contains(path, Read(Real(15)).Files.Select(file => file.Path));

    [Fact]
    public void A_name_that_is_not_UTF_8_keeps_its_bytes()
    {
        byte[] expected = [.. "weird/latin "u8, 0xE9];

        Assert.Contains(Read(Real(15)).Files, file => file.PathBytes.AsSpan().SequenceEqual(expected));
    }

    [Fact]
    public void Strings_and_bytes_give_the_same_entry()
    {
        var time = new DateTimeOffset(2026, 11, 22, 20, 42, 58, TimeSpan.FromHours(1));

        var fromString = Write(writer => writer.AddFile("é\u0001", 1, time, 7));
        var fromBytes = Write(writer => writer.AddFile("é\u0001"u8, 1, time, 7));

        Assert.Equal(fromString, fromBytes);
        Assert.Contains("""{ "Path": "é\u0001", "Size": 1, """, fromString, StringComparison.Ordinal);
        Assert.Contains("""Modified": "2026-11-22 19:42:58 GMT", "Checksum-Algo""", fromString, StringComparison.Ordinal);
        Assert.Contains("""Checksum": "07000000" }""", fromString, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_without_files_is_one_too()
    {
        var (files, summary, problem) = Read(Encoding.UTF8.GetBytes(Write(_ => { })));

        Assert.Equal("", problem);
        Assert.Empty(files);
        Assert.Equal(2, summary!.Version);
        Assert.Equal(new SystemIdentifier(ulong.MaxValue), summary.SystemIdentifier);
        Assert.Equal([new WalRange(TimelineId.First, Lsn.Parse("0/2000028"), Lsn.Parse("0/2000120"))], summary.WalRanges);
    }

    [Fact]
    public void Files_without_checksums_and_several_timelines_are_read()
    {
        var (files, summary, problem) = Read(Seal(Small));

        Assert.Equal("", problem);
        Assert.Equal([0x2523_6885u, null], files.Select(file => file.Crc32C));
        Assert.Null(files[1].ChecksumAlgorithm);
        Assert.Equal([2u, 1u], summary!.WalRanges.Select(range => range.Timeline.Value));
        Assert.Null(summary.SystemIdentifier);
    }

    [Theory]
    [InlineData("Version\": 1", "Version\": 3", "backup_manifest has the version \"3\", which is not known")]
    [InlineData("PostgreSQL-", "", "backup_manifest has no field \"PostgreSQL-Backup-Manifest-Version\" where it should be")]
    [InlineData("Version\": 1,", "Version\": 2,", "backup_manifest has no field \"System-Identifier\" where it should be")]
    [InlineData("\"Path\": \"a\", ", "", "backup_manifest has a file without a path, or with two")]
    [InlineData("\"Path\": \"a\"", "\"Path\": \"\"", "backup_manifest has a file whose path no file system allows")]
    [InlineData("\"Path\": \"a\"", "\"Path\": \"\\u0000\"", "backup_manifest has a file whose path no file system allows")]
    [InlineData("\"Path\": \"a\"", "\"Path\": \"\\ud800\"", "backup_manifest has a text that is not valid UTF-8")]
    [InlineData("\"62e9\"", "\"62e\"", "backup_manifest has the encoded path \"62e\"")]
    [InlineData("\"Size\": 3", "\"Size\": -3", "backup_manifest has a file without a size")]
    [InlineData("\"Size\": 3", "\"Size\": 99999999999999999999", "backup_manifest has a file without a size")]
    [InlineData("\"Size\": 3", "\"Size\": \"3\"", "backup_manifest has a file with a wrong \"Size\"")]
    [InlineData("\"Size\": 3", "\"Mode\": \"3\"", "backup_manifest has a file with the unknown field \"Mode\"")]
    [InlineData("\"CRC32C\", \"Checksum\": \"85682325\"", "\"CRC32C\"", "backup_manifest has the checksum \"CRC32C:\"")]
    [InlineData("85682325", "8568232x", "backup_manifest has the checksum \"CRC32C:8568232x\"")]
    [InlineData("\"Timeline\": 2", "\"Timeline\": 0", "backup_manifest has the WAL range \"0 0/3000000 0/4000120\"")]
    [InlineData("0/4000120", "4000120", "backup_manifest has the WAL range \"2 0/3000000 4000120\"")]
    [InlineData("\"WAL-Ranges\": [", "\"WAL-Ranges\": [1,", "backup_manifest has \"Number\" instead of a WAL range")]
    [InlineData("\"Files\": [", "\"Files\": [1,", "backup_manifest has \"Number\" instead of a file")]
    [InlineData("\"Files\": [", "\"Files\": [,", "backup_manifest is not valid JSON in line 2")]
    public void What_no_server_writes_is_a_problem_even_under_a_good_checksum(string part, string replacement, string expected)
    {
        var (_, summary, problem) = Read(Seal(Small.Replace(part, replacement, StringComparison.Ordinal)));

        Assert.Null(summary);
        Assert.Equal(expected, problem);
    }

    [Theory]
    [InlineData("\n", "the checksum of backup_manifest is wrong")]
    [InlineData(" ", "the last line of backup_manifest is not ended")]
    [InlineData("{}", "backup_manifest goes on behind its end")]
    public void Nothing_may_follow_the_end(string tail, string expected) =>
        Assert.Equal(expected, Read([.. Seal(Small), .. Encoding.UTF8.GetBytes(tail)]).Problem);

    [Fact]
    public void A_manifest_cut_anywhere_is_a_problem_and_not_a_crash()
    {
        var bytes = Seal(Small);

        Assert.All(Enumerable.Range(0, bytes.Length), length =>
        {
            var (_, summary, problem) = Read(bytes[..length]);

            Assert.Null(summary);
            Assert.NotEmpty(problem);
        });
    }

    [Fact]
    public void Each_changed_byte_is_noticed()
    {
        var bytes = Seal(Small);

        Assert.All(Enumerable.Range(0, bytes.Length), offset =>
        {
            var damaged = (byte[])bytes.Clone();
            damaged[offset] ^= 0x01;

            Assert.NotEmpty(Read(damaged).Problem);
        });
    }

    [Fact]
    public void Damage_never_throws()
    {
        Assert.All(Mutation.Of(Encoding.UTF8.GetBytes(Small), 5_000), bytes =>
        {
            var (_, summary, problem) = Read(Seal(Encoding.Latin1.GetString(bytes)));

            Assert.Equal(summary is null, problem.Length > 0);
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    public void It_does_not_matter_how_the_bytes_arrive(int chunk)
    {
        var expected = Read(Real(17)).Files.Select(file => file.Path);

        using var stream = new TrickleStream(Real(17), chunk);
        using var reader = new BackupManifestReader(stream);
        var actual = ReadFiles(reader).Select(file => file.Path).ToList();

        Assert.True(reader.TryFinish(out _, out var problem), problem);
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Files_need_not_be_read_to_compare_the_checksum()
    {
        using var reader = new BackupManifestReader(new MemoryStream(Real(18)));

        Assert.True(reader.TryFinish(out var summary, out var problem), problem);
        Assert.Equal(2, summary.Version);
    }

    [Theory]
    [InlineData("{ \"Path\": \"", 'x')]
    [InlineData("", ' ')]
    [InlineData("", '\n')]
    public void An_entry_without_end_is_a_problem_and_not_out_of_memory(string beginning, char filler)
    {
        var opening = Small[..(Small.IndexOf('[', StringComparison.Ordinal) + 1)];
        var problem = Read(Encoding.UTF8.GetBytes(opening + beginning + new string(filler, 3_000_000))).Problem;

        Assert.Equal("backup_manifest has an entry of more than 1048576 bytes", problem);
    }

    [Fact]
    public void A_manifest_many_times_the_buffer_is_written_and_read_to_its_end()
    {
        const int FileCount = 100_000;
        using var stream = new MemoryStream();
        using var writer = new BackupManifestWriter(stream, 2, new SystemIdentifier(1));
        for (var i = 0; i < FileCount; i++)
        {
            writer.AddFile($"base/5/{i}", 8192, DateTimeOffset.UnixEpoch, (uint)i);
        }

        writer.Finish([]);
        stream.Position = 0;
        using var reader = new BackupManifestReader(stream);

        Assert.Equal(FileCount, ReadFiles(reader).Count());
        Assert.True(reader.TryFinish(out _, out var problem), problem);
    }

    private static byte[] Real(int major) => Fixture.Unzipped($"manifest/{major}.backup_manifest.gz");

    private static byte[] Seal(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        return [.. bytes, .. Encoding.UTF8.GetBytes($"\"Manifest-Checksum\": \"{hash}\"}}\n")];
    }

    private static string Write(Action<BackupManifestWriter> addFiles)
    {
        using var stream = new MemoryStream();
        using var writer = new BackupManifestWriter(stream, 2, new SystemIdentifier(ulong.MaxValue));
        addFiles(writer);
        writer.Finish([new WalRange(TimelineId.First, Lsn.Parse("0/2000028"), Lsn.Parse("0/2000120"))]);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static (List<BackupManifestFile> Files, BackupManifestSummary? Summary, string Problem) Read(byte[] bytes)
    {
        using var reader = new BackupManifestReader(new MemoryStream(bytes));
        var files = ReadFiles(reader).ToList();
        _ = reader.TryFinish(out var summary, out var problem);
        return (files, summary, problem);
    }

    private static IEnumerable<BackupManifestFile> ReadFiles(BackupManifestReader reader)
    {
        while (reader.TryReadFile(out var file))
        {
            yield return file;
        }
    }
}
