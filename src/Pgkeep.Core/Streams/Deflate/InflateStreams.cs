using System.IO.Compression;

namespace Pgkeep.Streams.Deflate;

internal static class InflateStreams
{
    /// <summary>Decompresses piece by piece, by the fastest library there is. The input is not owned.</summary>
    public static Stream Create(Stream deflated) =>
        IsalInflateLibrary.IsStreamUsable ? new IsalInflateStream(deflated) : new DeflateStream(deflated, CompressionMode.Decompress, leaveOpen: true);
}
