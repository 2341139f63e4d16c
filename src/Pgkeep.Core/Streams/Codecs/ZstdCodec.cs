using Pgkeep.Diagnostics;
using Pgkeep.Streams.Zstd;

namespace Pgkeep.Streams.Codecs;

/// <summary>A frame is a zstd frame (RFC 8878) with its length and its own checksum; a file is one after another and nothing else.</summary>
internal sealed class ZstdCodec : Codec
{
    public override string Name => "zstd";

    public override string Suffix => ".zst";

    /// <summary>Those above need --ultra in zstd's own program, and memory to decompress that nobody expects.</summary>
    public override int HighestLevel => 19;

    public override int DefaultLevel => 3;

    public override void RequireUsable()
    {
        if (!ZstdLibrary.IsUsable)
        {
            throw new PgkeepException(ErrorKind.Configuration, $"zstd needs the library {ZstdLibrary.FileName}, which cannot be loaded here", "install Debian's package libzstd1");
        }
    }

    public override IFrameCompressor CreateCompressor(int level)
    {
        RequireUsable();
        return new ZstdCompressor(level);
    }

    public override IFrameDecompressor CreateDecompressor()
    {
        RequireUsable();
        return new ZstdDecompressor();
    }

    public override Stream Decompress(Stream stored)
    {
        RequireUsable();
        return new ZstdStream(stored);
    }
}
