namespace Pgkeep.Streams;

/// <summary>
/// Reads what stands between the beginning of a file, read already, and its last bytes, which it keeps back: a gzip member's trailer, of a file whose
/// length nobody knows before its end. Does not own the file.
/// </summary>
internal sealed class TrailerStream : ReadOnlyStream
{
    private const int PieceLength = 256 * 1024;

    private readonly Stream _file;
    private readonly int _trailerLength;
    private readonly byte[] _buffer;
    private int _next;
    private int _end;
    private bool _isAtEnd;

    /// <param name="file">Stands behind <paramref name="start"/>.</param>
    /// <param name="start">Comes first.</param>
    /// <param name="trailerLength">0 keeps nothing back.</param>
    public TrailerStream(Stream file, ReadOnlySpan<byte> start, int trailerLength)
    {
        _file = file;
        _trailerLength = trailerLength;
        _buffer = GC.AllocateUninitializedArray<byte>(Math.Max(PieceLength, start.Length + trailerLength + 1));
        start.CopyTo(_buffer);
        _end = start.Length;
    }

    /// <summary>
    /// What was kept back; shorter where the file is, and empty where more of it was left than that. Whoever decompresses may stop before the file's end, which is
    /// looked for here then.
    /// </summary>
    public ReadOnlySpan<byte> ReadTrailer()
    {
        while (_end - _next <= _trailerLength && !_isAtEnd)
        {
            Fill();
        }

        return _isAtEnd ? _buffer.AsSpan(_next, _end - _next) : [];
    }

    public override int Read(Span<byte> buffer)
    {
        while (_end - _next <= _trailerLength && !_isAtEnd)
        {
            Fill();
        }

        var length = Math.Min(buffer.Length, Math.Max(0, _end - _next - _trailerLength));
        _buffer.AsSpan(_next, length).CopyTo(buffer);
        _next += length;
        return length;
    }

    private void Fill()
    {
        _buffer.AsSpan(_next, _end - _next).CopyTo(_buffer);
        _end -= _next;
        _next = 0;
        var read = _file.Read(_buffer.AsSpan(_end));
        _end += read;
        _isAtEnd = read == 0;
    }
}
