using Pgkeep.Drill;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Drill;

public sealed class PageScanTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public PageScanTests()
    {
        Write("global/pg_control", [.. Fixture.Bytes("control/15.pg_control"), .. new byte[8192]]);
        Write("global/1260", BackupOnDisk.Pages(2, 0));
        Write("base/1/16384", BackupOnDisk.Pages(300, 0));
        Write("base/1/16384.1", BackupOnDisk.Pages(2, 131_072));
        Write("base/1/pg_filenode.map", new byte[8192]);
        Write("pg_tblspc/16400/PG_15_202209061/5/16401", BackupOnDisk.Pages(3, 0));
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Sound_pages_pass_wherever_they_lie()
    {
        var check = await RunAsync();

        Assert.True(check.IsPassed, check.Detail);
        Assert.StartsWith("307 pages", check.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base/1/16384", 299, "base/1/16384 block 299")]
    [InlineData("base/1/16384.1", 1, "base/1/16384.1 block 1")]
    [InlineData("pg_tblspc/16400/PG_15_202209061/5/16401", 0, "pg_tblspc/16400/PG_15_202209061/5/16401 block 0")]
    public async Task A_page_that_does_not_fit_is_named(string file, int block, string expected)
    {
        var content = File.ReadAllBytes(_directory.PathOf(file));
        content[(block * BackupOnDisk.BlockSize) + 5000] ^= 1;
        File.WriteAllBytes(_directory.PathOf(file), content);

        var check = await RunAsync();

        Assert.False(check.IsPassed);
        Assert.EndsWith(expected, check.Detail, StringComparison.Ordinal);
    }

    private Task<DrillCheck> RunAsync() => new PageScan(_directory.Path).RunAsync(2, TestContext.Current.CancellationToken);

    private void Write(string name, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_directory.PathOf(name))!);
        File.WriteAllBytes(_directory.PathOf(name), content);
    }
}
