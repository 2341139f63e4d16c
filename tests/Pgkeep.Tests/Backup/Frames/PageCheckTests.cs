using System.Buffers.Binary;
using Pgkeep.Backup;
using Pgkeep.Backup.Frames;
using Pgkeep.Backup.Sources;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Pages;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Backup.Frames;

public sealed class PageCheckTests : IDisposable
{
    private const int BlockSize = 8192;
    private const string Name = "base/5/16384";

    private readonly TemporaryDirectory _directory = new();
    private readonly List<SuspectPage> _suspects = [];

    private string FilePath => _directory.PathOf("16384");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_page_that_is_written_half_by_half_all_the_time_is_never_reported()
    {
        const int blocks = 4;
        const int rounds = 5_000;
        File.WriteAllBytes(FilePath, [.. Enumerable.Range(0, blocks).SelectMany(block => Page((uint)block, 1))]);
        using var stop = new CancellationTokenSource();
        var writing = Task.Factory.StartNew(() => WriteHalves(blocks, stop.Token), stop.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var pages = PageCheckOf("control/15.pg_control");
        using var file = Open(Name);
        var content = new byte[blocks * BlockSize];
        var torn = 0;

        // On a busy machine the writer may have few turns: the rounds go on until it was met.
        for (var round = 0; round < rounds || (torn == 0 && round < 1000 * rounds); round++)
        {
            file.Read(content, 0);
            torn += Fits(content, blocks) ? 0 : 1;
            pages.Check(file, content, 0, _suspects);
        }

        await stop.CancelAsync();
        await writing;
        Assert.True(torn > 0, "the writer was never met in the middle of a page");
        Assert.Empty(_suspects);
        Assert.True(Fits(content, blocks), "what is stored is what was read last");
    }

    [Fact]
    public void A_damaged_page_is_reported_with_its_block_and_its_LSN()
    {
        File.WriteAllBytes(FilePath, [.. Page(0, 1), .. Page(1, 0x1_2345), .. Page(2, 1)]);
        Overwrite(BlockSize + 4000, [1, 2, 3]);

        Check(Name);

        Assert.Equal([new SuspectPage(Name, 1, new Lsn(0x1_2345))], _suspects);
    }

    [Fact]
    public void The_block_counts_from_the_start_of_the_relation()
    {
        const uint segmentBlocks = 131_072;
        File.WriteAllBytes(FilePath, [.. Page((2 * segmentBlocks) + 0, 1), .. Page(1, 1)]);

        Check(Name + ".2");

        Assert.Equal([1u], _suspects.Select(page => page.Block));
    }

    [Theory]
    [InlineData("base/5/16384_fsm")]
    [InlineData("base/5/16384_init")]
    [InlineData("global/1262")]
    [InlineData("pg_tblspc/16400/PG_15_202209061/5/16384_vm.1")]
    public void Every_fork_of_a_relation_is_checked_wherever_it_lies(string name)
    {
        File.WriteAllBytes(FilePath, Page(77, 1));

        Check(name);

        Assert.Single(_suspects);
    }

    [Theory]
    [InlineData("base/5/pg_filenode.map")]
    [InlineData("base/5/PG_VERSION")]
    [InlineData("pg_xact/0000")]
    [InlineData("elsewhere/5/16384")]
    public void What_is_no_relation_has_no_pages(string name)
    {
        File.WriteAllBytes(FilePath, Page(77, 1));

        Check(name);

        Assert.Empty(_suspects);
    }

    [Fact]
    public void A_new_page_and_the_beginning_of_one_are_not_damaged()
    {
        File.WriteAllBytes(FilePath, [.. new byte[BlockSize], .. Page(1, 1).AsSpan(0, 5000)]);

        Check(Name);

        Assert.Empty(_suspects);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(50, 50)]
    [InlineData(500, 50)]
    public void Pages_that_never_fit_are_waited_for_only_so_often(int damaged, int waitedFor)
    {
        const int waitsForOne = 16;
        File.WriteAllBytes(FilePath, [.. Enumerable.Range(0, damaged).SelectMany(block => Page((uint)block + 1, 1))]);
        var time = new InstantTime();

        Check(Name, time);

        Assert.Equal((damaged, waitedFor * waitsForOne), (_suspects.Count, time.Waits));
    }

    private static PageCheck PageCheckOf(string fixture, TimeProvider? time = null)
    {
        Assert.True(ControlFile.TryParse(Fixture.Bytes(fixture), out var control, out _));
        Assert.True(control.HasDataChecksums);
        return new PageCheck(control) { Time = time ?? TimeProvider.System };
    }

    private static byte[] Page(uint block, ulong lsn)
    {
        var page = new byte[BlockSize];
        new Random((int)(lsn + block)).NextBytes(page);
        BinaryPrimitives.WriteUInt32LittleEndian(page, (uint)(lsn >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(4), (uint)lsn);
        page[14] = 1; // pd_upper: not a new page
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(8), PageChecksum.Compute(page, block));
        return page;
    }

    private static bool Fits(byte[] content, int blocks) => Enumerable.Range(0, blocks).All(block =>
    {
        var page = content.AsSpan(block * BlockSize, BlockSize);
        return PageHeader.Read(page).Checksum == PageChecksum.Compute(page, (uint)block);
    });

    /// <summary>As a kernel does it that copies a page of 8 kB into two of 4 kB; between two writes every page is whole.</summary>
    private void WriteHalves(int blocks, CancellationToken cancellationToken)
    {
        const int half = BlockSize / 2;
        var versions = Enumerable.Range(0, 64).Select(version => Enumerable.Range(0, blocks).Select(block => Page((uint)block, (ulong)version + 2)).ToArray()).ToArray();
        using var handle = File.OpenHandle(FilePath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        for (var write = 0; !cancellationToken.IsCancellationRequested; write++)
        {
            var block = write % blocks;
            var page = versions[write / blocks % versions.Length][block];
            RandomAccess.Write(handle, page.AsSpan(0, half), block * BlockSize);
            if (write % 61 == 0)
            {
                // With one processor for both, a reader looks in the middle only when it gets its turn there, each time in another page.
                Thread.Yield();
            }

            RandomAccess.Write(handle, page.AsSpan(half), (block * BlockSize) + half);
        }
    }

    private void Overwrite(long offset, byte[] bytes)
    {
        using var handle = File.OpenHandle(FilePath, FileMode.Open, FileAccess.Write);
        RandomAccess.Write(handle, bytes, offset);
    }

    private OpenFile Open(string name) => new(new LocalFiles(_directory.Path).TryOpen("16384")!, new CopyItem(name, FileStatus.Of(FilePath)!.Value), name);

    private void Check(string name, TimeProvider? time = null)
    {
        using var file = Open(name);
        var content = new byte[file.Size];
        file.Read(content, 0);
        PageCheckOf("control/15.pg_control", time).Check(file, content, 0, _suspects);
    }

    /// <summary>Every wait is over when it begins.</summary>
    private sealed class InstantTime : TimeProvider
    {
        public int Waits { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits++;
            callback(state);
            return base.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
