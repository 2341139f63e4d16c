using Microsoft.Win32.SafeHandles;
using Pgkeep.Posix;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup.Frames;

/// <summary>
/// A file of the data directory while it is copied; its size is the one it had when it was opened. Several workers read pieces of it at a time, in
/// any order, so it is closed by whoever is done with a piece last.
/// </summary>
internal sealed class OpenFile : IDisposable
{
    private readonly SafeFileHandle _handle;
    private long _bytesLeft;

    private OpenFile(SafeFileHandle handle, CopyItem item, string tarName)
    {
        _handle = handle;
        Item = item;
        Size = RandomAccess.GetLength(handle);
        _bytesLeft = Size;
        Header = TarWriter.HeaderOf(EntryOf(tarName, Size, item.Status));
    }

    public CopyItem Item { get; }

    public long Size { get; }

    public byte[] Header { get; }

    /// <summary>Null where the file is gone.</summary>
    public static OpenFile? TryOpen(CopyItem item, string tarName)
    {
        try
        {
            return new OpenFile(File.OpenHandle(item.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), item, tarName);
        }
        catch (Exception thrown) when (thrown is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "open", item.Path);
        }
    }

    public static TarEntry EntryOf(string name, long size, FileStatus status) =>
        new(name, status.Type == FileType.Directory ? TarEntryType.Directory : TarEntryType.File, size, status.Mode, status.Modified)
        {
            UserId = status.UserId,
            GroupId = status.GroupId,
        };

    /// <summary>Fills the buffer from an offset; where the file has shrunk, with zeros, as PostgreSQL's own base backup does (basebackup.c, sendFile).</summary>
    public void Read(Span<byte> buffer, long offset)
    {
        try
        {
            while (!buffer.IsEmpty)
            {
                var read = RandomAccess.Read(_handle, buffer, offset);
                if (read == 0)
                {
                    buffer.Clear();
                    return;
                }

                buffer = buffer[read..];
                offset += read;
            }
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", Item.Path);
        }
    }

    /// <summary>So many bytes of it have been read, and will not be read again.</summary>
    public void EndPiece(int length)
    {
        if (Interlocked.Add(ref _bytesLeft, -length) == 0)
        {
            Dispose();
        }
    }

    public void Dispose() => _handle.Dispose();
}
