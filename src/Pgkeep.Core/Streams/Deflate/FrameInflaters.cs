using Pgkeep.Streams.Codecs;

namespace Pgkeep.Streams.Deflate;

internal static class FrameInflaters
{
    public static IFrameDecompressor Create() => IsalLibrary.IsInflateUsable ? new IsalInflater() : new ZlibInflater();
}
