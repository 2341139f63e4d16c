namespace Pgkeep.Streams;

/// <summary>Compares what is written with another content, piece by piece. Does not own that.</summary>
internal sealed class ComparingStream : WriteOnlyStream
{
    private readonly Stream _other;
    private readonly long _most;
    private byte[] _piece = [];
    private bool _differs;
    private long _length;

    /// <param name="other">From its beginning.</param>
    /// <param name="most">Bytes to compare; what is written behind them may be anything.</param>
    public ComparingStream(Stream other, long most = long.MaxValue) => (_other, _most) = (other, most);

    public override long Length => _length;

    /// <summary>After the last write; reads the other content's end.</summary>
    public bool IsEqual() => !_differs && _other.ReadByte() < 0;

    /// <summary>After the last write: whether all the bytes that were to be compared came, and are the same.</summary>
    public bool HasPrefix() => !_differs && _length >= _most;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        var rest = Math.Max(0, _most - _length);
        _length += buffer.Length;
        buffer = buffer[..(int)Math.Min(buffer.Length, rest)];
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
}
