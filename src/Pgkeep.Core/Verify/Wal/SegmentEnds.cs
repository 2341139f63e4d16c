using Pgkeep.Postgres;

namespace Pgkeep.Verify.Wal;

/// <summary>What a sound segment's first and last page say, so that it can be compared with its neighbours.</summary>
/// <param name="EndsEarly">Whether zeros follow the last page: the server switched to the next segment before this one was full.</param>
internal sealed record SegmentEnds(WalPageHeader First, WalPageHeader Last, int BlockSize, bool EndsEarly)
{
    /// <returns>A lower-case fact about the next segment; empty where it goes on here.</returns>
    public string Compare(SegmentEnds next) =>
        next.BlockSize != BlockSize ? $"has pages of {next.BlockSize} bytes, and the segment before it of {BlockSize}"
        : EndsEarly ? WalPageChain.CompareAfterSwitch(Last, next.First, BlockSize)
        : WalPageChain.Compare(Last, next.First, BlockSize);
}
