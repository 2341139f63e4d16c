using Pgkeep.Streams.Codecs;

namespace Pgkeep.Streams.Deflate;

internal static class FrameInflaters
{
    public static IFrameDecompressor Create() => IsalInflateLibrary.IsUsable ? new IsalInflater() : new ZlibInflater();
}
