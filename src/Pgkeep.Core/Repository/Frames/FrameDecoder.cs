using Microsoft.Win32.SafeHandles;
using Pgkeep.Posix;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Repository.Frames;

/// <summary>One thread's way from a frame in the archive to its plain content, in memory that is used again for the next one.</summary>
internal sealed class FrameDecoder : IDisposable
{
    private readonly SafeFileHandle _archive;
    private readonly string _path;
    private readonly Codec _codec;
    private readonly IFrameDecompressor _decompressor;
    private byte[] _plain = [];

    /// <param name="archive">Not owned.</param>
    /// <param name="path">Of the archive, for messages.</param>
    public FrameDecoder(SafeFileHandle archive, string path, Codec codec)
    {
        _archive = archive;
        _path = path;
        _codec = codec;
        _decompressor = codec.CreateDecompressor();
    }

    /// <param name="stored">Gets the frame as it lies in the archive; replaced where it is too short.</param>
    /// <returns>How much of it is there: less than the index says where the archive ends inside it.</returns>
    public int Read(IndexedFrame frame, ref byte[] stored)
    {
        try
        {
            // What an index promises is believed as far as the archive goes.
            var length = (int)Math.Clamp(RandomAccess.GetLength(_archive) - frame.StoredOffset, 0, frame.StoredLength);
            if (stored.Length < length + _codec.FrameRoom)
            {
                stored = GC.AllocateUninitializedArray<byte>(length + _codec.FrameRoom);
            }

            var filled = 0;
            for (int read; filled < length && (read = RandomAccess.Read(_archive, stored.AsSpan(filled, length - filled), frame.StoredOffset + filled)) > 0;)
            {
                filled += read;
            }

            return filled;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", _path);
        }
    }

    /// <param name="stored">As <see cref="Read"/> left it: the decoder may write behind the frame, not into it.</param>
    /// <param name="plain">Valid until the next call.</param>
    /// <returns>False where it is not whole, or does not decompress.</returns>
    public bool TryDecode(IndexedFrame frame, byte[] stored, int storedLength, out ReadOnlySpan<byte> plain)
    {
        plain = default;
        if (storedLength < frame.StoredLength)
        {
            return false;
        }

        if (_plain.Length < frame.PlainLength)
        {
            _plain = GC.AllocateUninitializedArray<byte>(frame.PlainLength);
        }

        var content = _plain.AsSpan(0, frame.PlainLength);
        plain = content;
        return _decompressor.TryDecompress(stored.AsSpan(0, frame.StoredLength + _codec.FrameRoom), content);
    }

    public void Dispose() => _decompressor.Dispose();
}
