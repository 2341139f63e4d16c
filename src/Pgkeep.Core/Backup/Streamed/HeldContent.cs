using System.Buffers;
using Pgkeep.Backup.Sources;

namespace Pgkeep.Backup.Streamed;

/// <summary>A file of a stream, or one piece of it, in memory that goes back to its pool when it is disposed.</summary>
internal sealed class HeldContent : IFileContent
{
    private readonly long _offset;
    private readonly int _length;
    private byte[]? _bytes;

    /// <param name="bytes">From the shared pool, and from now on this one's to return.</param>
    /// <param name="size">Of the whole file.</param>
    /// <param name="offset">Of the piece in it.</param>
    public HeldContent(byte[] bytes, long size, long offset, int length)
    {
        _bytes = bytes;
        _offset = offset;
        _length = length;
        Size = size;
    }

    public long Size { get; }

    /// <summary>What came is all there is: to read it again gives the same bytes.</summary>
    public int Read(Span<byte> buffer, long offset)
    {
        ObjectDisposedException.ThrowIf(_bytes is null, this);
        var part = _bytes.AsSpan(0, _length)[(int)(offset - _offset)..];
        part = part[..Math.Min(part.Length, buffer.Length)];
        part.CopyTo(buffer);
        return part.Length;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _bytes, null) is { } bytes)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}
