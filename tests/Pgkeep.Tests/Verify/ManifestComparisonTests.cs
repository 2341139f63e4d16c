using Pgkeep.Postgres;
using Pgkeep.Tests.Support;
using Pgkeep.Verify;
using Pgkeep.Verify.Deep;
using Xunit;

namespace Pgkeep.Tests.Verify;

public sealed class ManifestComparisonTests : IDisposable
{
    private static readonly SystemIdentifier Cluster = new(77);

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("abcdefgh")]
    [InlineData("hgfedcba")]
    [InlineData("bacdfegh")]
    [InlineData("bcdefgha")]
    [InlineData("habcdefg")]
    public void Files_in_any_order_fit(string order)
    {
        Write("abcdefgh");

        Assert.Empty(Compare(order));
    }

    [Theory]
    [InlineData("bcdefgh", "a is missing")]
    [InlineData("abcdfgh", "e is missing")]
    [InlineData("abcdefg", "h is missing")]
    [InlineData("abcxdefgh", "has x, which is not in")]
    [InlineData("abcdefghx", "has x, which is not in")]
    [InlineData("abcdaefgh", "has a, which is not in")]
    [InlineData("xxabcdefgh", "has x twice", "has x, which is not in")]
    [InlineData("hgfedcb", "a is missing")]
    public void A_file_without_its_entry_and_an_entry_without_its_file_are_named(string files, params string[] problems)
    {
        Write("abcdefgh");

        var found = Compare(files);

        Assert.Equal(problems.Length, found.Count);
        Assert.All(problems, problem => Assert.Contains(found, line => line.Contains(problem, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(2, 98u, "b has 2 bytes, and 1 by the manifest")]
    [InlineData(1, 99u, "b is damaged: its checksum is 00000063, and 00000062 by the manifest")]
    public void Another_size_and_another_checksum_are_named(long size, uint crc, string problem)
    {
        Write("abc");

        var found = Compare("abc", (name, file) => name == "b" ? (size, crc) : file);

        Assert.Contains(problem, Assert.Single(found), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_could_not_be_read_is_not_accused_again()
    {
        Write("abc");

        Assert.Empty(Compare("abc", (name, file) => name == "b" ? (file.Size, null) : file));
    }

    [Fact]
    public void Where_an_archive_was_not_read_to_its_end_nothing_is_missing()
    {
        Write("abcdef");

        Assert.Empty(Compare("bdf", isComplete: false));
    }

    [Fact]
    public void An_entry_that_comes_twice_is_named()
    {
        Write("abbc");

        Assert.Contains(Compare("abc"), line => line.Contains('b'));
    }

    [Fact]
    public void A_damaged_manifest_is_one_problem_and_accuses_no_file()
    {
        Write("abcdef");
        var text = File.ReadAllText(_directory.PathOf("backup_manifest"));
        File.WriteAllText(_directory.PathOf("backup_manifest"), text.Replace("{ \"Path\": \"d\"", "{ \"Path\" \"d\"", StringComparison.Ordinal));

        Assert.Contains("is damaged", Assert.Single(Compare("abcdef")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_with_another_checksum_of_its_own_is_damaged()
    {
        Write("abcdef");
        var text = File.ReadAllText(_directory.PathOf("backup_manifest"));
        File.WriteAllText(_directory.PathOf("backup_manifest"), text.Replace("2025-01-01", "2025-01-02", StringComparison.Ordinal));

        Assert.Contains("the checksum of backup_manifest is wrong", Assert.Single(Compare("abcdef")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_of_another_cluster_is_named()
    {
        Write("a", new SystemIdentifier(78));

        Assert.Contains("78", Assert.Single(Compare("a")), StringComparison.Ordinal);
    }

    private void Write(string names, SystemIdentifier? identifier = null)
    {
        using var file = File.Create(_directory.PathOf("backup_manifest"));
        using var writer = new BackupManifestWriter(file, 2, identifier ?? Cluster);
        foreach (var name in names)
        {
            writer.AddFile(name.ToString(), 1, new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero), name);
        }

        writer.Finish([]);
    }

    private IReadOnlyList<string> Compare(string names, Func<string, (long Size, uint? Crc), (long Size, uint? Crc)>? change = null, bool isComplete = true)
    {
        var problems = new ProblemList();
        using var comparison = new ManifestComparison(_directory.PathOf("backup_manifest"), Cluster, problems);
        foreach (var name in names)
        {
            (long Size, uint? Crc) file = (1, name);
            file = change?.Invoke(name.ToString(), file) ?? file;
            comparison.Add("base.tar.gz", name.ToString(), file.Size, file.Crc);
        }

        comparison.Finish(isComplete);
        return problems.ToLines();
    }
}
