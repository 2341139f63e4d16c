namespace Pgkeep.Streams.Deflate;

/// <summary>Decompresses what <see cref="IFrameDeflater"/> made. Keeps memory between calls; one thread at a time.</summary>
internal interface IFrameInflater : IDisposable
{
    /// <param name="stored">The frame, and behind it <see cref="GzipFrameStream.FinalBlock"/>'s length of room, which is written to.</param>
    /// <param name="plain">As long as the frame's content is.</param>
    /// <returns>False where the frame is damaged, or its content has another length.</returns>
    bool TryInflate(Span<byte> stored, Span<byte> plain);
}
