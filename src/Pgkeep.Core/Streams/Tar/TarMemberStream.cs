namespace Pgkeep.Streams.Tar;

/// <summary>The content of a reader's current member, forward only; valid until the reader goes to the next.</summary>
internal sealed class TarMemberStream(TarReader tar) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer) => tar.Read(buffer);

    public override int Read(byte[] buffer, int offset, int count) => tar.Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
