using Pgkeep.Streams.Deflate;

namespace Pgkeep.Repository.Frames;

/// <summary>What an archive is compressed with, as far as reading it goes.</summary>
internal interface IFrameCodec
{
    /// <summary>Bytes behind a stored frame that a decoder may write to.</summary>
    int Room { get; }

    /// <summary>For one thread.</summary>
    IFrameInflater CreateInflater();

    /// <summary>Whether what stands before the first frame and behind the last is what belongs there.</summary>
    /// <param name="crc">CRC-32 of the plain content.</param>
    /// <param name="length">Of the plain content.</param>
    bool AreEndsRight(ReadOnlySpan<byte> head, ReadOnlySpan<byte> tail, uint crc, long length);

    /// <summary>All of the archive, without its index. Damage is an <see cref="InvalidDataException"/>; the content is proven when it has been read to its end.</summary>
    /// <param name="stored">Can seek, and stands at its beginning. Not owned.</param>
    Stream OpenPlain(Stream stored);
}
