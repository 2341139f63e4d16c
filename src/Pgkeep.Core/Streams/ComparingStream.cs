namespace Pgkeep.Streams;

/// <summary>Compares what is written with another content, piece by piece. Does not own that.</summary>
internal sealed class ComparingStream : Stream
{
    private readonly Stream _other;
    private byte[] _piece = [];
    private bool _differs;
    private long _length;

    /// <param name="other">From its beginning.</param>
    public ComparingStream(Stream other) => _other = other;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _length;

    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException();
    }

    /// <summary>After the last write; reads the other content's end.</summary>
    public bool IsEqual() => !_differs && _other.ReadByte() < 0;

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _length += buffer.Length;
        if (_differs)
        {
            return;
        }

        if (_piece.Length < buffer.Length)
        {
            _piece = GC.AllocateUninitializedArray<byte>(buffer.Length);
        }

        var read = _other.ReadAtLeast(_piece.AsSpan(0, buffer.Length), buffer.Length, throwOnEndOfStream: false);
        _differs = !buffer.SequenceEqual(_piece.AsSpan(0, read));
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
