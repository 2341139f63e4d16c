using Pgkeep.Posix;
using Pgkeep.Streams;

namespace Pgkeep.Backup;

/// <summary>A file of a <see cref="PendingBackup"/>: hashed while it is written, durable when it is complete. The directory is hidden, so it needs no name of its own.</summary>
internal sealed class PendingFile : IDisposable
{
    private readonly FileStream _file;
    private readonly HashingStream _hash;
    private readonly Action<PendingFile> _completed;

    public PendingFile(string path, Action<PendingFile> completed)
    {
        Path = path;
        _completed = completed;
        try
        {
            _file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                BufferSize = 64 * 1024,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "create", path);
        }

        _hash = new HashingStream(_file);
    }

    public string Path { get; }

    /// <summary>Where <see cref="PendingTar"/> writes; what the disk refuses comes as .NET's own exception.</summary>
    public Stream Content => _hash;

    public long Length => _hash.Length;

    public Sha256Digest Digest => _hash.Digest;

    public void Write(ReadOnlySpan<byte> content)
    {
        try
        {
            _hash.Write(content);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", Path);
        }
    }

    /// <summary>Makes it durable and enters it into the list of checksums.</summary>
    public void Complete()
    {
        try
        {
            _file.Flush();
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", Path);
        }

        FileSystem.Sync(_file.SafeFileHandle, Path);
        _completed(this);
    }

    public void Dispose()
    {
        _hash.Dispose();
        try
        {
            _file.Dispose();
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            // Flushing what was buffered failed; without Complete the file is removed anyway.
        }
    }
}
