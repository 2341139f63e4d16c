using System.IO.Hashing;
using System.Runtime.ExceptionServices;
using Pgkeep.Postgres;
using Pgkeep.Storage;
using Pgkeep.Streams;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Repository;

/// <summary>
/// Compresses one WAL file into an object, with as many threads as are given and memory for a few pieces, whatever the file's size. Each byte is read
/// once: one thread at a time reads the next piece and adds it to the checksums and the index, which need the order, and any thread compresses any piece that was read.
/// The header, in which the checksums stand, is written last.
/// </summary>
internal sealed class WalEncoder
{
    /// <summary>Read, checked and compressed while it lies in the processor's cache; each is a frame of its own.</summary>
    private const int PieceLength = 256 * 1024;

    private readonly WalContent _content;
    private readonly IPendingObject _target;
    private readonly Compression _compression;
    private readonly int _threads;
    private readonly CancellationToken _stop;

    private readonly XxHash128 _digest = new();
    private readonly object _turn = new();
    private readonly Queue<Piece> _read = new();
    private readonly Stack<byte[]> _free = new();
    private readonly long _pieces;
    private long _nextToRead;
    private long _nextToWrite;
    private long _offset;
    private uint _checksum;
    private bool _isReading;
    private Exception? _failure;

    private WalEncoder(WalContent content, IPendingObject target, int level, int threads, int headerLength, CancellationToken cancellationToken)
    {
        _content = content;
        _target = target;
        _compression = Compression.Gzip(level);
        _stop = cancellationToken;
        _pieces = (content.Length + PieceLength - 1) / PieceLength;
        _threads = (int)Math.Clamp(_pieces, 1, threads);
        _offset = headerLength;
        for (var i = 0; i <= _threads; i++)
        {
            _free.Push(GC.AllocateUninitializedArray<byte>((int)Math.Min(content.Length, PieceLength)));
        }
    }

    /// <param name="target">Complete and synced when this returns, and not published.</param>
    /// <param name="writtenAt">By the server.</param>
    public static void Encode(
        WalContent content, IPendingObject target, WalFileName file, SystemIdentifier identifier, DateTimeOffset writtenAt, int level, int threads, CancellationToken cancellationToken)
    {
        var header = GzipHeader.Create(new WalIdentity(identifier, content.Length, default, writtenAt, file.Name).ToBytes());
        var encoder = new WalEncoder(content, target, level, threads, header.Length, cancellationToken);
        encoder.Run();
        content.RequireUnchanged();
        target.Write(encoder._compression.Codec.TrailerOf(encoder._checksum, content.Length), encoder._offset);
        var digest = QuickDigest.Of(encoder._digest);
        target.Write(GzipHeader.Create(new WalIdentity(identifier, content.Length, digest, writtenAt, file.Name).ToBytes()), 0);
        target.Sync();
        content.Indexing?.Finish(digest);
    }

    private void Run()
    {
        var others = Enumerable.Range(1, _threads - 1).Select(number => new Thread(Work) { Name = $"WAL {number}" }).ToList();
        others.ForEach(thread => thread.Start());
        Work();
        others.ForEach(thread => thread.Join());
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }
    }

    private void Work()
    {
        try
        {
            using var compressor = _compression.CreateCompressor();
            while (TakeTask(out var piece))
            {
                _stop.ThrowIfCancellationRequested();
                if (piece is { } read)
                {
                    Compress(compressor, read);
                }
                else
                {
                    ReadNext();
                }
            }
        }
        catch (Exception thrown)
        {
            lock (_turn)
            {
                _failure ??= thrown;
                Monitor.PulseAll(_turn);
            }
        }
    }

    /// <summary>A piece to compress, or null for "read the next one"; false where nothing is left to do.</summary>
    private bool TakeTask(out Piece? piece)
    {
        lock (_turn)
        {
            for (; ; Monitor.Wait(_turn))
            {
                piece = null;
                if (_failure is not null)
                {
                    return false;
                }

                if (!_isReading && _nextToRead < _pieces && _free.Count > 0)
                {
                    return _isReading = true;
                }

                if (_read.TryDequeue(out var read))
                {
                    piece = read;
                    return true;
                }

                if (_nextToRead == _pieces)
                {
                    return false;
                }
            }
        }
    }

    private void ReadNext()
    {
        var number = _nextToRead;
        byte[] buffer;
        lock (_turn)
        {
            buffer = _free.Pop();
        }

        var start = number * PieceLength;
        var length = (int)Math.Min(PieceLength, _content.Length - start);
        _content.Read(buffer.AsSpan(0, length), start);
        // Whoever waits may begin with it: nothing changes it any more.
        lock (_turn)
        {
            _read.Enqueue(new Piece(number, buffer, length));
            Monitor.PulseAll(_turn);
        }

        _digest.Append(buffer.AsSpan(0, length));
        _content.Indexing?.Add(buffer.AsSpan(0, length));
        lock (_turn)
        {
            _nextToRead++;
            _isReading = false;
            Monitor.PulseAll(_turn);
        }
    }

    private void Compress(IFrameCompressor compressor, Piece piece)
    {
        var plain = piece.Buffer.AsMemory(0, piece.Length);
        var checksum = _compression.Codec.ChecksumOf(plain.Span);
        var frame = compressor.Compress(plain).Span;
        lock (_turn)
        {
            while (_nextToWrite != piece.Number && _failure is null)
            {
                Monitor.Wait(_turn);
            }

            if (_failure is not null)
            {
                return;
            }
        }

        // Only the thread whose turn it is comes here.
        _target.Write(frame, _offset);
        _offset += frame.Length;
        _checksum = _compression.Codec.CombineChecksums(_checksum, checksum, piece.Length);
        lock (_turn)
        {
            _nextToWrite++;
            _free.Push(piece.Buffer);
            Monitor.PulseAll(_turn);
        }
    }

    private readonly record struct Piece(long Number, byte[] Buffer, int Length);
}
