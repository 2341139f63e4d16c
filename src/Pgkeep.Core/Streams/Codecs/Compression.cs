namespace Pgkeep.Streams.Codecs;

/// <summary>How something is to be compressed.</summary>
/// <param name="Level">1 to the codec's highest; 0 where it has none.</param>
internal sealed record Compression(Codec Codec, int Level)
{
    /// <summary>For what is gzip whatever the archives are: the index, the catalogue, the WAL archive.</summary>
    public int GzipLevel => Codec == Codec.Gzip ? Level : Codec.Gzip.DefaultLevel;

    public static Compression Gzip(int level) => new(Codec.Gzip, level);

    public IFrameCompressor CreateCompressor() => Codec.CreateCompressor(Level);
}
