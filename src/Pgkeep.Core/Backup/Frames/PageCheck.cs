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
    /// <summary>A page that is being written fits within microseconds; one that is damaged never does.</summary>
    private const int Attempts = 20;

    private readonly bool _isOn;
    private readonly int _blockSize;
    private readonly uint _blocksPerSegment;
    private long _checked;

    public PageCheck(ControlFile control)
    {
        _isOn = control.HasDataChecksums;
        _blockSize = (int)control.BlockSize;
        _blocksPerSegment = control.RelationSegmentBlocks;
    }

    public long CheckedPages => Interlocked.Read(ref _checked);

    /// <param name="content">A piece of the file, which is changed where a page is read again.</param>
    /// <param name="offset">Of the piece; a multiple of the block size.</param>
    public void Check(OpenFile file, Span<byte> content, long offset, List<SuspectPage> suspects)
    {
        if (!_isOn || !TryParseRelation(file.Item.Name, out var relation))
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
            if (!Fits(page, (relation.Segment * _blocksPerSegment) + block) && !FitsWhenReadAgain(file, page, block, relation))
            {
                suspects.Add(new SuspectPage(file.Item.Name, block, PageHeader.Read(page).Lsn));
            }
        }

        Interlocked.Add(ref _checked, pages);
    }

    private static bool TryParseRelation(string name, out RelationFileName relation)
    {
        var slash = name.LastIndexOf('/');
        relation = default;
        return slash > 0 && DataDirectoryRules.HoldsRelations(name[..slash]) && RelationFileName.TryParse(name.AsSpan(slash + 1), out relation);
    }

    private static bool Fits(ReadOnlySpan<byte> page, uint block)
    {
        var header = PageHeader.Read(page);
        return header.IsNew || header.Checksum == PageChecksum.Compute(page, block);
    }

    private bool FitsWhenReadAgain(OpenFile file, Span<byte> page, uint block, RelationFileName relation)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            Thread.Yield();
            file.Read(page, (long)block * _blockSize);
            if (Fits(page, (relation.Segment * _blocksPerSegment) + block))
            {
                return true;
            }
        }

        return false;
    }
}
