namespace Pgkeep.Streams.Deflate;

/// <summary>
/// Compresses one frame: raw deflate that begins without history and ends with a flush on a byte boundary and no final block. Keeps memory
/// between calls; one thread at a time.
/// </summary>
internal interface IFrameDeflater : IDisposable
{
    /// <returns>The compressed frame, valid until the next call.</returns>
    ReadOnlyMemory<byte> Compress(ReadOnlySpan<byte> plain);
}
