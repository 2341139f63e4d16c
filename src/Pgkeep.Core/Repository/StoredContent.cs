using Pgkeep.Posix;

namespace Pgkeep.Repository;

internal static class StoredContent
{
    /// <summary>Everything in a stream that is known to be small enough for memory: a segment, a marker, a metadata file.</summary>
    /// <param name="path">For messages.</param>
    public static async ValueTask<byte[]> ReadAllAsync(Stream stream, string path, CancellationToken cancellationToken)
    {
        try
        {
            using var content = new MemoryStream(stream.CanSeek ? checked((int)stream.Length) : 0);
            await stream.CopyToAsync(content, 1024 * 1024, cancellationToken);
            return content.Length == content.Capacity ? content.GetBuffer() : content.ToArray();
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }
}
