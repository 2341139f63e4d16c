using System.Text;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Backup;

/// <summary>Files that no server makes but people put into a data directory.</summary>
public sealed class OddFilesTests : BackupTest
{
    private const int Files = 200;

    private static readonly string[] NameParts = ["a", "9", ".", " ", "'", "\"", "\\", "$", "*", "é", "データ", "😀", "\t", "\n", "\r", "\u0001", "\u001f", "\u007f", "%s", "{}"];

    [Theory, EachMajor]
    public async Task Files_of_any_name_and_content_pass_pg_verifybackup(int major)
    {
        var random = Randomness.Create();
        var site = await StartSiteAsync(major);
        var names = CreateFiles(random, site);
        var backup = await site.TakeBackupAsync();
        var target = site.Cluster.Workspace.PathOf("by-hand");

        await HandRestore.UnpackAsync(backup, target);
        string[] wal = major is 14 or 16 ? ["--no-parse-wal"] : [];
        (await site.Cluster.RunClientAsync("pg_verifybackup", [.. wal, "-m", Path.Combine(backup, "backup_manifest"), target])).EnsureSuccess();

        Assert.All(names, name => Assert.Equal(File.ReadAllBytes($"{site.Cluster.DataDirectory}/{name}"), File.ReadAllBytes($"{target}/{name}")));
    }

    [Fact]
    public async Task A_name_that_is_not_UTF_8_is_left_out_and_said()
    {
        var site = await StartSiteAsync();
        await HandRestore.ShellAsync("""touch "$1/$(printf 'odd\377name')" """, site.Cluster.DataDirectory);

        var backup = await site.TakeBackupAsync();
        await HandRestore.ShellAsync("""rm "$1"/odd*""", site.Cluster.DataDirectory); // .NET could not

        var listing = (await TestAccount.RunAsync("tar", ["tzf", Path.Combine(backup, "base.tar.gz")])).EnsureSuccess().Stdout;
        Assert.DoesNotContain("odd", listing, StringComparison.Ordinal);
        Assert.Contains("has a name that is not UTF-8", await File.ReadAllTextAsync(Path.Combine(site.Repository, "backup.log"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("extra/postmaster.pid")]
    [InlineData("extra/backup_label")]
    [InlineData("extra/backup_manifest")]
    [InlineData("extra/recovery.signal")]
    [InlineData("extra/pg_internal.init")]
    [InlineData("extra/pgsql_tmp1.0")]
    [InlineData("extra/t3_16384")]
    [InlineData("extra/pg_wal/000000010000000000000001")]
    [InlineData("extra/pg_replslot/mine/state")]
    [InlineData("pg_logical/postmaster.opts")]
    public async Task A_file_with_the_name_of_an_exclusion_elsewhere_is_kept(string name)
    {
        var site = await StartSiteAsync();
        await HandRestore.ShellAsync("""mkdir -p "$(dirname "$1")" && echo mine >"$1" """, $"{site.Cluster.DataDirectory}/{name}");

        var backup = await site.TakeBackupAsync();

        var content = await TestAccount.RunAsync("tar", ["xzOf", Path.Combine(backup, "base.tar.gz"), name]);
        Assert.Equal("mine\n", content.EnsureSuccess().Stdout);
    }

    private static List<string> CreateFiles(Random random, RepositorySite site)
    {
        var names = Enumerable.Range(0, Files).Select(number => RandomName(random, number)).ToList();
        foreach (var name in names)
        {
            var path = $"{site.Cluster.DataDirectory}/{name}";
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, random.Bytes(random.Next(2) * random.Next(random.Next(600_000))));
        }

        return names;
    }

    /// <summary>Some of them in directories below each other, the longest of more than 1,000 bytes.</summary>
    private static string RandomName(Random random, int number)
    {
        var depth = 1 + (random.Next(4) * random.Next(2));
        return "odd/" + string.Join('/', Enumerable.Range(0, depth).Select(_ => RandomPart(random)).Append($"{number}"));
    }

    private static string RandomPart(Random random)
    {
        var part = new StringBuilder("p");
        for (var length = random.Next(250); Encoding.UTF8.GetByteCount(part.ToString()) < length - 5;)
        {
            part.Append(NameParts[random.Next(NameParts.Length)]);
        }

        return part.ToString();
    }
}
