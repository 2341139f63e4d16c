using Microsoft.Win32.SafeHandles;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;

namespace Pgkeep.Repository;

/// <summary>
/// Copies a segment that a receiver may still be writing, piece by piece. What is copied is what was checked: each piece is read once, and nothing behind the last sound
/// page, or behind the end that is given, is left in the copy.
/// </summary>
/// <remarks>
/// The zeros behind it are written as well. The server keeps the file and may use it again for a later segment, where a hole that finds no space on the disk would
/// stop it.
/// </remarks>
internal sealed class ReceivedCopy
{
    private readonly WalSegmentName _name;
    private readonly RepositoryIdentity _identity;
    private readonly string _source;
    private readonly byte[] _piece = GC.AllocateUninitializedArray<byte>(WalSegmentMeasure.PieceLength);

    /// <param name="source">The receiver's file.</param>
    public ReceivedCopy(WalSegmentName name, RepositoryIdentity identity, string source) => (_name, _identity, _source) = (name, identity, source);

    /// <param name="path">What is there is replaced. Worth nothing unless this returns true.</param>
    /// <param name="until">From there on the copy is zero; null where nothing is left out.</param>
    /// <param name="found">Where the WAL in the source was found to end before; by now it may be later.</param>
    /// <returns>False where the source is gone.</returns>
    public bool TryWrite(string path, Lsn? until, Lsn found, CancellationToken cancellationToken)
    {
        using var content = WalContent.TryOpen(_source);
        if (content is null)
        {
            return false;
        }

        try
        {
            using var target = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.Read);
            var end = CopySound(content, target, until, cancellationToken);
            if (end < found)
            {
                throw new PgkeepException(ErrorKind.StorageFailed, $"\"{_source}\" had its WAL up to {found}, and has it up to {end} when it is read again", "look for the disk's errors");
            }

            WriteZeros(target, until < end ? until.Value : end, cancellationToken);
            return true;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", path);
        }
    }

    /// <returns>Behind the last byte of the WAL in the source.</returns>
    private Lsn CopySound(WalContent content, SafeFileHandle target, Lsn? until, CancellationToken cancellationToken)
    {
        var start = _name.StartLsn(_identity.WalSegmentSize);
        var measure = new WalSegmentMeasure(_name, _identity.WalSegmentSize, _identity.SystemIdentifier);
        for (var offset = 0L; offset < _identity.WalSegmentSize.Bytes && measure.IsSound; offset += _piece.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            content.Read(_piece, offset);
            measure.Add(_piece);
            if (!(start + (ulong)offset >= until) && _piece.AsSpan().ContainsAnyExcept((byte)0))
            {
                RandomAccess.Write(target, _piece, offset);
            }
        }

        return measure.Extent?.End ?? start;
    }

    /// <summary>Over what was copied behind the end, too.</summary>
    private void WriteZeros(SafeFileHandle target, Lsn from, CancellationToken cancellationToken)
    {
        _piece.AsSpan().Clear();
        for (var offset = (long)(from - _name.StartLsn(_identity.WalSegmentSize)); offset < _identity.WalSegmentSize.Bytes;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = (int)Math.Min(_piece.Length, _identity.WalSegmentSize.Bytes - offset);
            RandomAccess.Write(target, _piece.AsSpan(0, count), offset);
            offset += count;
        }
    }
}
