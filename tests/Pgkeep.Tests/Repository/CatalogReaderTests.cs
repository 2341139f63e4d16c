using System.IO.Compression;
using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Repository;
using Pgkeep.Streams;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Repository;

public sealed class CatalogReaderTests : IDisposable
{
    private const string Sample =
        """
        {"format_version":1,"databases":[
        {"database":"shop","oid":16400,"tablespace":1663,"ctid":"(0,5)","new":{"a":[1]}}
        ],"others":[{"database":"no"}],"relations":[
        {"database":"shop","schema":"s\"é","relation":"t\u0041","kind":"r","oid":4294967295,"file_node":20001,"ctid":"(12,34)","schema_oid":16999,"tablespace":1663},
        {"database":"shop","schema":"public","relation":"v","kind":"v","oid":2,"file_node":0,"ctid":"(0,1)"}
        ],"schemas":[
        {"database":"shop","schema":"public","oid":2200,"ctid":"(0,2)"}
        ]}
        """;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Every_line_of_the_known_lists_is_handed_out()
    {
        var lines = new List<string>();

        var reader = CatalogReader.Read(Store(Sample), (in CatalogEntry entry) => lines.Add(Describe(entry)), TestContext.Current.CancellationToken);

        Assert.True(reader.HasDatabases);
        Assert.Equal(
            ["Databases shop//  16400 0 1663 0 (0,5)", "Relations shop/s\"é/tA r 4294967295 20001 1663 16999 (12,34)", "Relations shop/public/v v 2 0 0 0 (0,1)", "Schemas shop/public/  2200 0 0 0 (0,2)"],
            lines);
    }

    [Fact]
    public void An_older_file_has_no_databases()
    {
        var reader = CatalogReader.Read(Store("""{"format_version":1,"relations":[]}"""), (in CatalogEntry _) => { }, TestContext.Current.CancellationToken);

        Assert.False(reader.HasDatabases);
    }

    [Theory]
    [InlineData("""{"format_version":2,"relations":[]}""", "format version")]
    [InlineData("""{"format_version":1,"relations":[{"oid":-1}]}""", "JSON")]
    [InlineData("""{"format_version":1,"relations":[{"ctid":"0,1"}]}""", "JSON")]
    [InlineData("""{"format_version":1,"relations":[{]}""", "JSON")]
    [InlineData("""{"format_version":1,"relations":[{}""", "JSON")]
    public void Damage_is_told(string text, string problem)
    {
        var backup = Store(text);

        var thrown = Assert.Throws<PgkeepException>(() => CatalogReader.Read(backup, (in CatalogEntry _) => { }, TestContext.Current.CancellationToken));

        Assert.Equal(ErrorKind.BackupDamaged, thrown.Kind);
        Assert.Contains(problem, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_file_than_the_stored_one_is_refused()
    {
        var backup = Store(Sample);
        File.WriteAllBytes(Path.Combine(backup.Directory, RepositoryLayout.CatalogName), Compress(Sample.Replace("shop", "ship", StringComparison.Ordinal)));

        Assert.Contains("checksum", Assert.Throws<PgkeepException>(() => CatalogReader.Read(backup, (in CatalogEntry _) => { }, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_relations_come_one_by_one()
    {
        var text = new StringBuilder("{\"format_version\":1,\"databases\":[],\"relations\":[");
        for (var i = 0; i < 20_000; i++)
        {
            text.Append(i == 0 ? "" : ",").Append($"{{\"database\":\"d\",\"schema\":\"s\",\"relation\":\"table number {i}\",\"kind\":\"r\",\"oid\":{i + 1},\"file_node\":{i + 1},\"ctid\":\"({i},1)\"}}\n");
        }

        long sum = 0;
        CatalogReader.Read(Store(text.Append("]}").ToString()), (in CatalogEntry entry) => sum += entry.Oid.Value, TestContext.Current.CancellationToken);

        Assert.Equal(20_000L * 20_001 / 2, sum);
    }

    private static string Describe(in CatalogEntry entry) =>
        $"{entry.List} {Text(entry.Database)}/{Text(entry.Schema)}/{Text(entry.Relation)} {(entry.Kind == default ? "" : entry.Kind)} {entry.Oid} {entry.FileNode} {entry.Tablespace} {entry.SchemaOid} {entry.Place}";

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    private static byte[] Compress(string text)
    {
        using var stored = new MemoryStream();
        using (var gzip = new GZipStream(stored, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return stored.ToArray();
    }

    private StoredBackup Store(string text)
    {
        var content = Compress(text);
        File.WriteAllBytes(_directory.PathOf(RepositoryLayout.CatalogName), content);
        return MadeUpBackup.Usable(1, DateTimeOffset.UnixEpoch) with
        {
            Directory = _directory.Path,
            Checksums = new ChecksumList([new FileChecksum(RepositoryLayout.CatalogName, Sha256Digest.Of(content))]),
        };
    }
}
