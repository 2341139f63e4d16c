namespace Pgkeep.Streams.Deflate;

internal static class FrameInflaters
{
    public static IFrameInflater Create() => IsalLibrary.IsInflateUsable ? new IsalInflater() : new ZlibInflater();
}
