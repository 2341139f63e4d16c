namespace Pgkeep.Streams.Codecs;

/// <summary>No compression: the file is the tar itself. For a place that compresses by itself, or removes what it has twice.</summary>
internal sealed class PlainCodec : Codec
{
    public override string Name => "none";

    public override string Suffix => "";

    public override int HighestLevel => 0;

    public override int DefaultLevel => 0;

    public override IFrameCompressor CreateCompressor(int level) => new PassingOn();

    public override IFrameDecompressor CreateDecompressor() => new Copying();

    public override Stream Decompress(Stream stored) => stored;

    private sealed class PassingOn : IFrameCompressor
    {
        public ReadOnlyMemory<byte> Compress(ReadOnlyMemory<byte> plain) => plain;

        public void Dispose()
        {
        }
    }

    private sealed class Copying : IFrameDecompressor
    {
        public bool TryDecompress(Span<byte> stored, Span<byte> plain) => stored.Length == plain.Length && stored.TryCopyTo(plain);

        public void Dispose()
        {
        }
    }
}
