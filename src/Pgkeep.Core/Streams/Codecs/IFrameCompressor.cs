namespace Pgkeep.Streams.Codecs;

/// <summary>Compresses one frame, so that it can be decompressed alone. Keeps memory between calls; one thread at a time.</summary>
internal interface IFrameCompressor : IDisposable
{
    /// <param name="plain">Not empty.</param>
    /// <returns>The frame as it is stored, valid until the next call and as long as <paramref name="plain"/> does not change.</returns>
    ReadOnlyMemory<byte> Compress(ReadOnlyMemory<byte> plain);
}
