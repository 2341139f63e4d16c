using Pgkeep.Backup.Sources;
using Pgkeep.Posix;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup.Frames;

/// <summary>
/// A file of the data directory while it is copied; its size is the one it had when it was opened. Several workers read pieces of it at a time, in
/// any order, so it is closed by whoever is done with a piece last.
/// </summary>
internal sealed class OpenFile : IDisposable
{
    private readonly IFileContent _content;
    private long _bytesLeft;

    /// <param name="mostBytes">More than that is not copied: what was written behind it since the file was listed is in the WAL.</param>
    public OpenFile(IFileContent content, CopyItem item, string tarName, long mostBytes = long.MaxValue)
    {
        _content = content;
        Item = item;
        Size = Math.Min(content.Size, mostBytes);
        _bytesLeft = Size;
        Header = TarWriter.HeaderOf(EntryOf(tarName, Size, item.Status));
    }

    public CopyItem Item { get; }

    public long Size { get; }

    public byte[] Header { get; }

    /// <summary>One piece of a file that comes in a stream: it holds the bytes of that piece alone.</summary>
    public static OpenFile OfPiece(IFileContent content, CopyItem item, string tarName, int length) => new(content, item, tarName) { _bytesLeft = length };

    public static TarEntry EntryOf(string name, long size, FileStatus status) =>
        new(name, status.Type == FileType.Directory ? TarEntryType.Directory : TarEntryType.File, size, status.Mode, status.Modified)
        {
            UserId = status.UserId,
            GroupId = status.GroupId,
        };

    /// <summary>Fills the buffer from an offset; where the file has shrunk, with zeros, as PostgreSQL's own base backup does (basebackup.c, sendFile).</summary>
    public void Read(Span<byte> buffer, long offset)
    {
        while (!buffer.IsEmpty)
        {
            var read = _content.Read(buffer, offset);
            if (read == 0)
            {
                buffer.Clear();
                return;
            }

            buffer = buffer[read..];
            offset += read;
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

    public void Dispose() => _content.Dispose();
}
