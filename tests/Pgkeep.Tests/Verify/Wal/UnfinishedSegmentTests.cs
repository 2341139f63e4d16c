using System.IO.Compression;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Pgkeep.Verify.Wal;
using Xunit;

namespace Pgkeep.Tests.Verify.Wal;

/// <summary>A segment that another tool stored, or an earlier version, before its server had finished it.</summary>
public sealed class UnfinishedSegmentTests : IDisposable
{
    private readonly MadeUpArchive _archive = new();

    public void Dispose() => _archive.Dispose();

    [Theory]
    [InlineData(2, 5, 4096, "0/20B000")]
    [InlineData(3, 5, 4096, "0/30B000")]
    [InlineData(3, 5, 8192, "0/30C000")]
    [InlineData(3, 0, 8000, "0/301F40")]
    [InlineData(3, 32, 100, "0/340064")]
    [InlineData(3, 126, 8192, "0/3FE000")]
    public async Task It_is_found_with_the_end_of_its_WAL_wherever_it_stands(ulong number, int page, int offset, string end)
    {
        await _archive.AddAsync(1, 1, 3);
        Replace(number, Cut(number, page, offset));

        var problem = Assert.Single((await RunAsync()).Problems);

        Assert.Equal((_archive.PathOf(MadeUpArchive.Name(1, number).ToString()), WalDamage.Unfinished, end), (problem.File, problem.Damage, problem.Position?.ToString()));
    }

    [Theory]
    [InlineData(0, 40)]
    [InlineData(5, 4096)]
    [InlineData(5, 8176)]
    [InlineData(31, 8184)]
    [InlineData(32, 24)]
    public async Task One_that_ends_with_a_switch_is_sound(int page, int offset)
    {
        await _archive.AddAsync(1, 1, 3);
        Replace(3, WithSwitch(page, offset));

        Assert.Empty((await RunAsync()).Problems);
    }

    [Theory]
    [InlineData("0/340000", true)]
    [InlineData("0/3FFFF8", true)]
    [InlineData("0/400000", false)]
    [InlineData("0/280000", false)]
    public async Task One_in_which_a_timeline_was_left_never_was_finished(string left, bool isSound)
    {
        await _archive.AddAsync(1, 1, 3);
        Replace(3, Cut(3, 5, 4096));
        await _archive.AddHistoryAsync(2, $"1\t{left}\tno recovery target specified\n");

        Assert.Equal(isSound, (await RunAsync()).Problems.Count == 0);
    }

    /// <summary>Of timeline 1, with zeros from there on; the last byte before is none.</summary>
    private static byte[] Cut(ulong number, int page, int offset)
    {
        var segment = MadeUpArchive.Segment(MadeUpArchive.Name(1, number));
        segment.AsSpan((page * MadeUpArchive.Page) + offset).Clear();
        if (offset > WalPageHeader.LongLength)
        {
            segment[(page * MadeUpArchive.Page) + offset - 1] = 1;
        }

        return segment;
    }

    /// <summary>Segment 3 of timeline 1; the record goes over to the next page where there is no room for all of it.</summary>
    private static byte[] WithSwitch(int page, int offset)
    {
        var wal = MadeUpArchive.Begin(MadeUpArchive.Name(1, 3));
        for (var i = 0; i < page; i++)
        {
            wal.FillPage();
        }

        var begin = page == 0 ? WalPageHeader.LongLength : WalPageHeader.ShortLength;
        if (offset > begin)
        {
            wal.AddMessage(offset - begin);
        }

        wal.Switch();
        return wal.ToArray();
    }

    private void Replace(ulong number, byte[] content)
    {
        using var gzip = new GZipStream(File.Create(_archive.PathOf(MadeUpArchive.Name(1, number).ToString())), CompressionLevel.Fastest);
        gzip.Write(content);
    }

    private Task<WalVerificationResult> RunAsync() => WalVerification.RunAsync(_archive.Archive, MadeUpArchive.Identity, [], 2, TestContext.Current.CancellationToken);
}
