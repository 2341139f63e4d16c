using Pgkeep.Streams.Codecs;

namespace Pgkeep.Streams.Deflate;

internal static class FrameDeflaters
{
    /// <summary>The one level that ISA-L is asked for; the higher ones are zlib's, which is what a person who sets one wants.</summary>
    private const int FastLevel = 1;

    /// <summary>True where a level would be ISA-L's and is not as fast as it could be.</summary>
    public static bool IsFastLibraryMissingFor(int level) => level == FastLevel && !IsalLibrary.IsUsable;

    /// <param name="level">1 (fast) to 9 (small).</param>
    public static IFrameCompressor Create(int level) => level == FastLevel && IsalLibrary.IsUsable ? new IsalDeflater() : new ZlibDeflater(level);
}
