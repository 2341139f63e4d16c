using Microsoft.Win32.SafeHandles;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Archive.Receive;

/// <summary>
/// The segment that is being received. It has a segment's length from the beginning on, so that recovery can read it at any moment. What it had before
/// and what was acknowledged is compared with what the server sends again and never written over.
/// </summary>
internal sealed class ReceivingFile : IDisposable
{
    private readonly WalSegmentSize _size;
    private readonly RepositoryIdentity _identity;
    private readonly SafeFileHandle _file;
    private readonly Lsn _keptUntil;
    private readonly bool _isNew;
    private bool _isFirstPageChecked;

    private ReceivingFile(string path, WalSegmentName name, RepositoryIdentity identity, SafeFileHandle file, bool isNew, Lsn position, Lsn keptUntil)
    {
        (Path, Name, _identity, _size, _file, _isNew) = (path, name, identity, identity.WalSegmentSize, file, isNew);
        (Position, Flushed, _keptUntil) = (position, position, keptUntil);
    }

    public string Path { get; }

    public WalSegmentName Name { get; }

    /// <summary>Behind the last byte that was written.</summary>
    public Lsn Position { get; private set; }

    /// <summary>Behind the last byte that is on stable storage.</summary>
    public Lsn Flushed { get; private set; }

    public bool IsComplete => Position == Name.StartLsn(_size) + _size.Bytes;

    /// <param name="position">Of the next byte to come.</param>
    /// <param name="keptUntil">What the file has before it stays; at the segment's beginning where there is nothing to keep.</param>
    public static ReceivingFile Open(ReceivingDirectory directory, WalSegmentName name, RepositoryIdentity identity, Lsn position, Lsn keptUntil)
    {
        var path = directory.PathOf(name);
        SafeFileHandle? file = null;
        try
        {
            var isNew = FileStatus.Of(path) is null;
            if (isNew)
            {
                using var created = new FileStream(path, new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                });
            }

            file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            if (RandomAccess.GetLength(file) != identity.WalSegmentSize.Bytes)
            {
                // Zeros that take no space until they are written over.
                RandomAccess.SetLength(file, identity.WalSegmentSize.Bytes);
            }

            FileSystem.Sync(file, path);
            FileSystem.SyncDirectory(directory.Path);
            return new ReceivingFile(path, name, identity, file, isNew, position, keptUntil);
        }
        catch (Exception thrown) when (thrown is PgkeepException || PosixError.IsInputOutput(thrown))
        {
            file?.Dispose();
            throw PosixError.From(thrown, "open", path);
        }
    }

    /// <summary>Writes what belongs to this segment. Not durable before <see cref="Flush"/>.</summary>
    /// <returns>How many bytes that were; the rest is the next segment's.</returns>
    public int Take(ReadOnlySpan<byte> content)
    {
        var offset = (long)(Position - Name.StartLsn(_size));
        content = content[..(int)Math.Min(content.Length, _size.Bytes - offset)];
        var known = Position < _keptUntil ? (int)Math.Min((ulong)content.Length, _keptUntil - Position) : 0;
        try
        {
            Compare(content[..known], offset);
            // Nothing was written there before, and the server sends the zeros behind a switch of WAL like everything else.
            if (!_isNew || content[known..].ContainsAnyExcept((byte)0))
            {
                RandomAccess.Write(_file, content[known..], offset + known);
            }
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", Path);
        }

        Position += (ulong)content.Length;
        return content.Length;
    }

    /// <summary>After a failure the kernel may have dropped what was written, so the file is given up, and a new receiver asks for it again.</summary>
    public void Flush()
    {
        CheckFirstPage();
        if (Flushed < Position)
        {
            FileSystem.Sync(_file, Path);
            Flushed = Position;
        }
    }

    public void Dispose() => _file.Dispose();

    private void Compare(ReadOnlySpan<byte> sent, long offset)
    {
        var own = new byte[sent.Length];
        for (var read = 0; read < own.Length;)
        {
            var count = RandomAccess.Read(_file, own.AsSpan(read), offset + read);
            read += count > 0 ? count : throw new PgkeepException(ErrorKind.StorageFailed, $"\"{Path}\" has become shorter");
        }

        if (!sent.SequenceEqual(own))
        {
            throw new PgkeepException(
                ErrorKind.WalConflict,
                $"the server's WAL at {Position} is not what it was: \"{Path}\" was received from another server, or from this one before it lost WAL",
                "nothing was changed; find out which server is the right one",
                $"to go on with this server, move \"{Path}\" away by hand, and take a new backup");
        }
    }

    /// <summary>Before anything of a segment is acknowledged. All its pages are checked when it is complete.</summary>
    private void CheckFirstPage()
    {
        if (_isFirstPageChecked || Position < Name.StartLsn(_size) + WalPageHeader.LongLength)
        {
            return;
        }

        Span<byte> start = stackalloc byte[WalPageHeader.LongLength];
        _ = RandomAccess.Read(_file, start, 0);
        if (!WalSegmentContent.TryCheck(start, _size.Bytes, Name, out var content, out var problem))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"what the server sends for {Name} {problem}", "nothing of it was acknowledged");
        }

        if (content.SystemIdentifier != _identity.SystemIdentifier)
        {
            throw new PgkeepException(ErrorKind.RepositoryMismatch, $"what the server sends for {Name} is of the cluster {content.SystemIdentifier}, and not of {_identity.SystemIdentifier}");
        }

        _isFirstPageChecked = true;
    }
}
