using System.Buffers.Binary;
using Pgkeep.Streams;
using Pgkeep.Streams.Deflate;

namespace Pgkeep.Repository.Frames;

internal sealed class GzipFrameCodec : IFrameCodec
{
    private const int TrailerLength = 8;

    public int Room => GzipFrameStream.FinalBlock.Length;

    public IFrameInflater CreateInflater() => FrameInflaters.Create();

    public bool AreEndsRight(ReadOnlySpan<byte> head, ReadOnlySpan<byte> tail, uint crc, long length) =>
        head.SequenceEqual(GzipHeader.Create(default))
        && tail.Length == GzipFrameStream.FinalBlock.Length + TrailerLength
        && tail.StartsWith(GzipFrameStream.FinalBlock)
        && BinaryPrimitives.ReadUInt32LittleEndian(tail[^TrailerLength..]) == crc
        && BinaryPrimitives.ReadUInt32LittleEndian(tail[^4..]) == unchecked((uint)length);

    public Stream OpenPlain(Stream stored) => new GzipMemberStream(stored);
}
