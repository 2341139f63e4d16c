namespace Pgkeep.Streams.Codecs;

/// <summary>Decompresses what <see cref="IFrameCompressor"/> made. Keeps memory between calls; one thread at a time.</summary>
internal interface IFrameDecompressor : IDisposable
{
    /// <param name="stored">The frame, and behind it the codec's <see cref="Codec.FrameRoom"/>, which is written to.</param>
    /// <param name="plain">As long as the frame's content is.</param>
    /// <returns>False where the frame is damaged, or its content has another length.</returns>
    bool TryDecompress(Span<byte> stored, Span<byte> plain);
}
