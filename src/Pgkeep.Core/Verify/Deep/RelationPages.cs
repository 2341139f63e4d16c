using Pgkeep.Postgres;
using Pgkeep.Postgres.Pages;
using Pgkeep.Repository;

namespace Pgkeep.Verify.Deep;

/// <summary>Checks the pages of relations as they are stored, but for those that the backup itself found not to fit.</summary>
internal sealed class RelationPages
{
    /// <summary>RELSEG_SIZE of every build that was not asked for another: 1 GB. The metadata do not have it; pg_control at the end of the archive does.</summary>
    private const long UsualSegmentLength = 1024 * 1024 * 1024;

    private readonly HashSet<string> _known;
    private readonly int _blockSize;
    private long _checked;

    /// <param name="segmentBlocks">As pg_control has it; null where that is not known yet.</param>
    public RelationPages(BackupMetadata metadata, uint? segmentBlocks)
    {
        IsOn = metadata.Cluster.DataChecksums;
        _blockSize = (int)metadata.Cluster.BlockSize;
        SegmentBlocks = segmentBlocks ?? (uint)(UsualSegmentLength / _blockSize);
        // What a backup finds begins with "FILE block N", as what it excuses is.
        _known = [.. metadata.ExcusedPages, .. metadata.Findings.Select(finding => finding.Split(" is damaged", 2)[0])];
    }

    public bool IsOn { get; }

    public uint SegmentBlocks { get; }

    public long CheckedPages => Interlocked.Read(ref _checked);

    /// <summary>Where a piece of a file may be cut off from the next so that no page is cut.</summary>
    public bool IsAligned(string name, long offset) => !IsOn || offset % _blockSize == 0 || !RelationFilePath.TryParse(name, out _);

    /// <param name="name">Of the file, as in the manifest.</param>
    /// <param name="offset">Of the content in the file; a multiple of the page size.</param>
    public void Check(string name, ReadOnlySpan<byte> content, long offset, Action<string> problem)
    {
        if (!IsOn || !RelationFilePath.TryParse(name, out var relation))
        {
            return;
        }

        // What lies behind the last whole page is a file that was being extended.
        var pages = content.Length / _blockSize;
        var firstBlock = (uint)(offset / _blockSize);
        for (var i = 0; i < pages; i++)
        {
            var block = firstBlock + (uint)i;
            if (!PageChecksum.Fits(content.Slice(i * _blockSize, _blockSize), (relation.Segment * SegmentBlocks) + block) && !_known.Contains($"{name} block {block}"))
            {
                problem($"{name} block {block} is damaged: its checksum does not fit");
            }
        }

        Interlocked.Add(ref _checked, pages);
    }
}
