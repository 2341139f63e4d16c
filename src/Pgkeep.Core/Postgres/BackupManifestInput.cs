using System.Security.Cryptography;

namespace Pgkeep.Postgres;

/// <summary>
/// The bytes of a backup_manifest on their way to the JSON reader: a buffer that grows up to a bound, and a hash of everything before
/// the last line, which is what the manifest's own checksum covers. Which line is the last is known only at the end, so the hash
/// always stays one line behind.
/// </summary>
// PostgreSQL src/common/parse_manifest.c, verify_manifest_checksum
internal sealed class BackupManifestInput : IDisposable
{
    /// <summary>Several times the longest path, escaped: what does not fit is no manifest.</summary>
    public const int MaxLength = 1024 * 1024;

    private const int ChunkLength = 64 * 1024;

    private readonly Stream _stream;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly MemoryStream _lastLine = new();
    private byte[] _buffer = new byte[ChunkLength];
    private int _start;
    private int _end;

    public BackupManifestInput(Stream stream)
    {
        _stream = stream;
    }

    /// <summary>Valid until the next <see cref="TryFill"/>.</summary>
    public ReadOnlySpan<byte> Unread => _buffer.AsSpan(_start, _end - _start);

    public bool IsAtEnd { get; private set; }

    public void Advance(int count) => _start += count;

    /// <summary>Reads more behind what is unread; false when that has reached the bound.</summary>
    public bool TryFill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
        {
            if (_buffer.Length >= MaxLength)
            {
                return false;
            }

            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }

        var count = _stream.Read(_buffer, _end, _buffer.Length - _end);
        IsAtEnd = count == 0;
        Hash(_buffer.AsSpan(_end, count));
        _end += count;
        return _lastLine.Length <= MaxLength;
    }

    /// <summary>The SHA-256 of all but the last line, once; null unless the end is reached and that line is ended.</summary>
    public byte[]? FinishHash() =>
        IsAtEnd && _lastLine.Length > 0 && _lastLine.GetBuffer()[_lastLine.Length - 1] == (byte)'\n' ? _hash.GetHashAndReset() : null;

    public void Dispose()
    {
        _hash.Dispose();
        _lastLine.Dispose();
    }

    private void Hash(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        // A line end closes the held line only when something follows it.
        var held = _lastLine.GetBuffer().AsSpan(0, (int)_lastLine.Length);
        var lineEnd = bytes[..^1].LastIndexOf((byte)'\n');
        if (lineEnd >= 0 || held is [.., (byte)'\n'])
        {
            _hash.AppendData(held);
            _hash.AppendData(bytes[..(lineEnd + 1)]);
            _lastLine.SetLength(0);
        }

        _lastLine.Write(bytes[(lineEnd + 1)..]);
    }
}
