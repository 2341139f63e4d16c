using System.Buffers.Binary;
using System.IO.Compression;

namespace Pgkeep.Streams;

/// <summary>
/// Reads the one gzip member of a file to its very end and checks its CRC-32 and length there. .NET's own stream takes a file that was cut for
/// one that ends, and does not look at what follows the member.
/// </summary>
/// <remarks>Only after a read of 0 bytes is what was read known to be right. Damage is an <see cref="InvalidDataException"/>.</remarks>
internal sealed class GzipMemberStream : ReadOnlyStream
{
    private const int TrailerLength = 8;

    private readonly Stream _file;
    private readonly GZipStream _plain;
    private uint _crc;
    private long _length;
    private bool _isChecked;

    /// <param name="file">Can seek, and stands at its beginning. Not owned.</param>
    public GzipMemberStream(Stream file)
    {
        _file = file;
        _plain = new GZipStream(file, CompressionMode.Decompress, leaveOpen: true);
    }

    /// <summary>Plain bytes so far.</summary>
    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        var read = _plain.Read(buffer);
        _crc = Crc32.Append(_crc, buffer[..read]);
        _length += read;
        if (read == 0 && !buffer.IsEmpty && !_isChecked)
        {
            CheckTrailer();
        }

        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _plain.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>The last bytes of the file are its checksum and its length only if nothing was cut off and nothing added.</summary>
    private void CheckTrailer()
    {
        Span<byte> trailer = stackalloc byte[TrailerLength];
        if (_file.Length < TrailerLength)
        {
            throw new InvalidDataException("the file is cut short");
        }

        _file.Position = _file.Length - TrailerLength;
        _file.ReadExactly(trailer);
        if (BinaryPrimitives.ReadUInt32LittleEndian(trailer) != _crc || BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]) != unchecked((uint)_length))
        {
            throw new InvalidDataException("the file does not end with the checksum and the length of its content");
        }

        _isChecked = true;
    }
}
