using System.IO.Hashing;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Streams;

namespace Pgkeep.Repository;

/// <summary>The plain content of a WAL file that is to be stored: a file of the server's, or what lies in memory.</summary>
internal sealed class WalContent : IDisposable
{
    /// <summary>Stays in the processor's cache.</summary>
    private const int PieceLength = 256 * 1024;

    private readonly SafeFileHandle? _file;
    private readonly ReadOnlyMemory<byte> _memory;
    private readonly string _path;
    private readonly DateTime _modified;

    private WalContent(SafeFileHandle? file, ReadOnlyMemory<byte> memory, long length, string path)
    {
        _file = file;
        _modified = ModifiedAt(file);
        _memory = memory;
        _path = path;
        Length = length;
    }

    private delegate void SpanAction(ReadOnlySpan<byte> piece);

    public long Length { get; }

    /// <summary>Is given each piece while the content is encoded; null where no index is wanted.</summary>
    public SegmentIndexing? Indexing { get; set; }

    public static WalContent Of(ReadOnlyMemory<byte> content) => new(null, content, content.Length, "");

    public static WalContent Open(string path)
    {
        try
        {
            return OpenFile(path);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    /// <summary>Null where nothing is there.</summary>
    public static WalContent? TryOpen(string path)
    {
        try
        {
            return OpenFile(path);
        }
        catch (Exception thrown) when (thrown is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    /// <summary>Fills the target; a file that has become shorter is a failure.</summary>
    public void Read(Span<byte> target, long offset)
    {
        if (_file is null)
        {
            _memory.Span.Slice((int)offset, target.Length).CopyTo(target);
            return;
        }

        for (var filled = 0; filled < target.Length;)
        {
            var read = ReadSome(target[filled..], offset + filled);
            filled += read > 0 ? read : throw new PgkeepException(ErrorKind.WalInvalid, $"\"{_path}\" ends after {offset + filled} bytes, and had {Length}");
        }
    }

    /// <summary>All of a file that is small.</summary>
    public byte[] ReadAll()
    {
        var content = new byte[Length];
        Read(content, 0);
        return content;
    }

    /// <summary>
    /// After it was read. No server writes into a segment that it offers, but what copies over a data directory does, such as pg_rewind: what was read is then
    /// half of the one and half of the other.
    /// </summary>
    public void RequireUnchanged()
    {
        if (_file is not null && (RandomAccess.GetLength(_file) != Length || ModifiedAt(_file) != _modified))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"\"{_path}\" was changed while it was read", "nothing was stored; a server writes no more into what it offers: look for what else does");
        }
    }

    public QuickDigest QuickDigest()
    {
        var hash = new XxHash128();
        ForEachPiece(piece => hash.Append(piece));
        return Streams.QuickDigest.Of(hash);
    }

    public bool HasOnlyZeros()
    {
        var isZero = true;
        ForEachPiece(piece => isZero = isZero && !piece.ContainsAnyExcept((byte)0));
        return isZero;
    }

    public Sha256Digest Sha256()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ForEachPiece(piece => hash.AppendData(piece));
        return new Sha256Digest(hash.GetHashAndReset());
    }

    /// <summary>From the beginning.</summary>
    public Stream OpenStream()
    {
        try
        {
            return _file is null ? new MemoryStream(_memory.ToArray(), writable: false) : new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", _path);
        }
    }

    public void Dispose() => _file?.Dispose();

    private static DateTime ModifiedAt(SafeFileHandle? file) => file is null ? default : File.GetLastWriteTimeUtc(file);

    private static WalContent OpenFile(string path)
    {
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        return new WalContent(file, default, RandomAccess.GetLength(file), path);
    }

    private void ForEachPiece(SpanAction take)
    {
        var buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(Length, PieceLength));
        for (var offset = 0L; offset < Length; offset += buffer.Length)
        {
            var piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, Length - offset));
            Read(piece, offset);
            take(piece);
        }
    }

    private int ReadSome(Span<byte> target, long offset)
    {
        try
        {
            return RandomAccess.Read(_file!, target, offset);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", _path);
        }
    }
}
