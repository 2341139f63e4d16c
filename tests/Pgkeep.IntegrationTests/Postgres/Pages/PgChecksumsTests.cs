using System.Globalization;
using System.Text.RegularExpressions;
using Pgkeep.IntegrationTests.Harness;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Pages;
using Xunit;

namespace Pgkeep.IntegrationTests.Postgres.Pages;

/// <summary>Our page checksum and PostgreSQL's own program, page by page.</summary>
public sealed partial class PgChecksumsTests : IntegrationTest
{
    private const int BlockSize = 8192;
    private const uint SegmentBlocks = 131_072;
    private const int DamagedPages = 60;

    [Theory, EachMajor]
    public async Task Pg_checksums_and_we_find_the_same_pages_and_want_the_same_checksums(int major)
    {
        Assert.SkipWhen(major is 14 or 16, "there is no pg_checksums of this major here");
        var random = Randomness.Create();
        var cluster = await StartClusterAsync(major);
        await cluster.ExecuteAsync(
            """
            CREATE TABLE t AS SELECT i, md5(i::text) AS x, repeat('z', i % 700) AS y FROM generate_series(1, 20000) i;
            CREATE INDEX ON t (x);
            CREATE INDEX ON t USING hash (i);
            CREATE INDEX ON t USING brin (i);
            """);
        await cluster.ExecuteAsync("VACUUM t");
        await cluster.StopAsync();
        await CopyToHighSegmentAsync(cluster);
        var files = RelationFiles(cluster).ToList();
        Damage(random, files);

        var theirs = await CheckAsync(cluster);
        var ours = files.SelectMany(file => FailingPages(cluster, file)).ToList();

        Assert.InRange(theirs.Count, DamagedPages / 2, int.MaxValue);
        Assert.Equal(theirs.Order(StringComparer.Ordinal), ours.Order(StringComparer.Ordinal));
    }

    [Theory, EachMajor]
    public async Task What_pg_checksums_writes_we_accept(int major)
    {
        Assert.SkipWhen(major is 14 or 16, "there is no pg_checksums of this major here");
        var cluster = await StartClusterAsync(major, new ServerOptions { DataChecksums = false });
        await cluster.StopAsync();

        (await cluster.RunClientAsync("pg_checksums", ["--enable", "--no-sync", "-D", cluster.DataDirectory])).EnsureSuccess();

        Assert.Empty(RelationFiles(cluster).SelectMany(file => FailingPages(cluster, file)));
    }

    /// <summary>As a fourth gigabyte would be, where blocks no longer count from the start of the file: all its pages are wrong there.</summary>
    private static Task<ProgramResult> CopyToHighSegmentAsync(PostgresCluster cluster) =>
        HandRestore.ShellAsync("""head -c 81920 "$1/base/1/1259" >"$1/base/1/1259.3" """, cluster.DataDirectory);

    private static IEnumerable<string> RelationFiles(PostgresCluster cluster) =>
        Directory.EnumerateFiles(Path.Combine(cluster.DataDirectory, "base"), "*", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Path.Combine(cluster.DataDirectory, "global")))
            .Where(path => RelationFileName.TryParse(Path.GetFileName(path), out _) && new FileInfo(path).Length >= BlockSize)
            .Order(StringComparer.Ordinal);

    /// <summary>One bit or many, anywhere in a page, its header too.</summary>
    private static void Damage(Random random, List<string> files)
    {
        for (var i = 0; i < DamagedPages; i++)
        {
            using var file = new FileStream(files[random.Next(files.Count)], FileMode.Open, FileAccess.ReadWrite);
            var block = random.NextInt64(file.Length / BlockSize);
            var within = random.Next(3) == 0 ? random.Next(24) : random.Next(BlockSize - 8);
            file.Position = (block * BlockSize) + within;
            file.Write(random.Bytes(1 + random.Next(8)));
        }
    }

    private static IEnumerable<string> FailingPages(PostgresCluster cluster, string path)
    {
        Assert.True(RelationFileName.TryParse(Path.GetFileName(path), out var relation));
        var content = File.ReadAllBytes(path);
        for (var block = 0u; block < content.Length / BlockSize; block++)
        {
            var page = content.AsSpan((int)block * BlockSize, BlockSize);
            var header = PageHeader.Read(page);
            var wanted = PageChecksum.Compute(page, (relation.Segment * SegmentBlocks) + block);
            if (!header.IsNew && header.Checksum != wanted)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{Path.GetRelativePath(cluster.DataDirectory, path)} {block} {wanted:X} {header.Checksum:X}");
            }
        }
    }

    private static async Task<IReadOnlyList<string>> CheckAsync(PostgresCluster cluster)
    {
        var result = (await cluster.RunClientAsync("pg_checksums", ["--check", "-D", cluster.DataDirectory])).EnsureExitCode(1);
        return [.. Failure().Matches(result.Stderr).Select(found =>
            $"{Path.GetRelativePath(cluster.DataDirectory, found.Groups[1].Value)} {found.Groups[2].Value} {found.Groups[3].Value} {found.Groups[4].Value}")];
    }

    [GeneratedRegex("""checksum verification failed in file "([^"]+)", block (\d+): calculated checksum ([0-9A-F]+) but block contains ([0-9A-F]+)""")]
    private static partial Regex Failure();
}
