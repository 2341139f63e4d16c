using Pgkeep.Postgres;
using Pgkeep.Postgres.Pages;

namespace Pgkeep.Backup.Frames;

/// <summary>A page whose checksum does not fit what is stored of it.</summary>
/// <param name="File">Relative to the data directory.</param>
/// <param name="Block">Within that file.</param>
/// <param name="Lsn">The page's own: inside the backup it is a page that was being written, and replay repairs it.</param>
internal readonly record struct SuspectPage(string File, uint Block, Lsn Lsn);

/// <summary>
/// Checks the pages of relations while they are copied. The server may be writing one at that moment, so a page that does not fit is read again;
/// what was read last is what is stored.
/// </summary>
internal sealed class PageCheck
{
    /// <summary>A page that is being written fits within microseconds, unless its writer has lost the processor; one that is damaged never does.</summary>
    private const int Attempts = 20;

    /// <summary>So many of them without a wait.</summary>
    private const int QuickAttempts = 4;

    /// <summary>All attempts for a page together wait 0.2 s: a writer has its turn by then, on a busy machine too.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(16);

    /// <summary>A file that is damaged all over must not hold up the backup: by now it is clear what is going on.</summary>
    private const int MostPagesWaitedFor = 50;

    private readonly bool _isOn;
    private readonly int _blockSize;
    private readonly uint _blocksPerSegment;
    private long _checked;
    private int _neverFitted;

    public PageCheck(ControlFile control)
        : this(control.HasDataChecksums, control.BlockSize, control.RelationSegmentBlocks)
    {
    }

    public PageCheck(bool hasDataChecksums, uint blockSize, uint relationSegmentBlocks)
    {
        _isOn = hasDataChecksums;
        _blockSize = (int)blockSize;
        _blocksPerSegment = relationSegmentBlocks;
    }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public long CheckedPages => Interlocked.Read(ref _checked);

    /// <param name="content">A piece of the file, which is changed where a page is read again.</param>
    /// <param name="offset">Of the piece; a multiple of the block size.</param>
    public void Check(OpenFile file, Span<byte> content, long offset, List<SuspectPage> suspects)
    {
        if (!_isOn || !RelationFilePath.TryParse(file.Item.Name, out var relation))
        {
            return;
        }

        // What lies behind the last whole page is a file that was being extended.
        var pages = content.Length / _blockSize;
        var firstBlock = (uint)(offset / _blockSize);
        for (var i = 0; i < pages; i++)
        {
            var page = content.Slice(i * _blockSize, _blockSize);
            var block = firstBlock + (uint)i;
            if (!PageChecksum.Fits(page, (relation.Segment * _blocksPerSegment) + block) && !FitsWhenReadAgain(file, page, block, relation))
            {
                suspects.Add(new SuspectPage(file.Item.Name, block, PageHeader.Read(page).Lsn));
            }
        }

        Interlocked.Add(ref _checked, pages);
    }

    private bool FitsWhenReadAgain(OpenFile file, Span<byte> page, uint block, RelationFileName relation)
    {
        var attempts = Volatile.Read(ref _neverFitted) < MostPagesWaitedFor ? Attempts : QuickAttempts;
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            WaitBefore(attempt);
            file.Read(page, (long)block * _blockSize);
            if (PageChecksum.Fits(page, (relation.Segment * _blocksPerSegment) + block))
            {
                return true;
            }
        }

        Interlocked.Increment(ref _neverFitted);
        return false;
    }

    /// <summary>Waits 1, 2, 4, 8 and then 16 ms, in the worker's own thread.</summary>
    private void WaitBefore(int attempt)
    {
        if (attempt < QuickAttempts || Volatile.Read(ref _neverFitted) >= MostPagesWaitedFor)
        {
            Thread.Yield();
            return;
        }

        var wait = TimeSpan.FromMilliseconds(1 << Math.Min(attempt - QuickAttempts, 10));
        using var isDue = new ManualResetEventSlim();
        using var timer = Time.CreateTimer(_ => isDue.Set(), null, wait < LongestWait ? wait : LongestWait, Timeout.InfiniteTimeSpan);
        isDue.Wait();
    }
}
