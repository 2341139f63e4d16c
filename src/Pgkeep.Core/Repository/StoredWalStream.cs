using System.Security.Cryptography;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Streams;

namespace Pgkeep.Repository;

/// <summary>
/// The plain content of a stored WAL file, read piece by piece, whatever its size. What its form allows to check is checked by the end: after a read
/// of 0 bytes, and not before, the content is what was stored. Damage is a <see cref="PgkeepException"/> of the kind RepositoryCorrupt.
/// </summary>
internal sealed class StoredWalStream : Stream
{
    private const int BufferLength = 128 * 1024;
    private const int HeaderLength = 512;

    private readonly Stream _file;
    private readonly Stream _plain;
    private readonly IncrementalHash? _hash;
    private readonly string _path;
    private long _length;

    private StoredWalStream(Stream file, bool isGzip, string path)
    {
        _path = path;
        _file = new BufferedStream(file, BufferLength);
        if (!isGzip)
        {
            _plain = _file;
            return;
        }

        var start = new byte[HeaderLength];
        var length = Guard(() => _file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
        _file.Position = 0;
        Identity = GzipHeader.TryReadSubfield(start.AsSpan(0, length), out var subfield) && WalIdentity.TryRead(subfield, out var found) ? found : null;
        _plain = new GzipMemberStream(_file);
        _hash = Identity is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    }

    /// <summary>What travels with the file; null in one that another tool stored.</summary>
    public WalIdentity? Identity { get; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    /// <summary>Plain bytes so far.</summary>
    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException();
    }

    /// <param name="file">Can seek, and stands at its beginning. Owned from here on.</param>
    /// <param name="storedName">With its suffix.</param>
    /// <param name="path">For messages.</param>
    public static StoredWalStream Open(Stream file, string storedName, string path)
    {
        if (!storedName.EndsWith(".zst", StringComparison.Ordinal))
        {
            return new StoredWalStream(file, storedName.EndsWith(".gz", StringComparison.Ordinal), path);
        }

        file.Dispose();
        throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{path}\" is compressed with zstd, which this version does not read", $"unpack it beside itself: zstd -d \"{path}\"");
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int read;
        try
        {
            read = _plain.Read(buffer);
        }
        catch (Exception thrown) when (thrown is InvalidDataException or EndOfStreamException)
        {
            throw Damaged("cannot be decompressed");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", _path);
        }

        _length += read;
        _hash?.AppendData(buffer[..read]);
        if (read == 0 && !buffer.IsEmpty)
        {
            CheckEnd();
        }

        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash?.Dispose();
            _plain.Dispose();
            _file.Dispose();
        }

        base.Dispose(disposing);
    }

    private void CheckEnd()
    {
        if (_length == 0)
        {
            throw Damaged("is empty");
        }

        if (Identity is null)
        {
            return;
        }

        if (_length != Identity.PlainSize || new Sha256Digest(_hash!.GetCurrentHash()) != Identity.Digest)
        {
            throw Damaged("does not have the length and the checksum that it was stored with");
        }
    }

    private T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", _path);
        }
    }

    private PgkeepException Damaged(string problem) =>
        new(ErrorKind.RepositoryCorrupt, $"\"{_path}\" {problem}", "the file was damaged after it was stored: look for the disk's errors, and for another copy of it");
}
