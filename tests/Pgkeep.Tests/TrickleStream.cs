namespace Pgkeep.Tests;

/// <summary>Gives at most so many bytes a read, as pipes and sockets do.</summary>
internal sealed class TrickleStream : MemoryStream
{
    private readonly int _chunk;

    public TrickleStream(byte[] bytes, int chunk)
        : base(bytes, writable: false)
    {
        _chunk = chunk;
    }

    public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, _chunk));

    public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, _chunk)]);
}
