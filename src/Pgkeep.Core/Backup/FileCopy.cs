using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup;

/// <summary>
/// Copies files of a running server into a tar and enters them into the manifest. A file is copied at the size it has when it is opened: what
/// it grows by later is in the WAL, and where it shrinks meanwhile zeros take the place, as in PostgreSQL's own base backup
/// (basebackup.c, sendFile); the manifest covers the padded bytes.
/// </summary>
internal sealed class FileCopy
{
    /// <summary>A multiple of every block size, so that a page is read by one call.</summary>
    private const int BufferLength = 1024 * 1024;

    private readonly BackupManifestWriter _manifest;
    private readonly byte[] _buffer = new byte[BufferLength];

    public FileCopy(BackupManifestWriter manifest) => _manifest = manifest;

    public long Files { get; private set; }

    public long PlainBytes { get; private set; }

    /// <summary>False where the file is gone.</summary>
    /// <param name="tarName">Its name in the tar; a tablespace's tar begins below the tablespace.</param>
    public bool TryCopy(CopyItem item, TarGzFile tar, string tarName, CancellationToken cancellationToken)
    {
        FileStream source;
        try
        {
            source = new FileStream(item.Path, new FileStreamOptions
            {
                Access = FileAccess.Read,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
                Options = FileOptions.SequentialScan,
            });
        }
        catch (Exception thrown) when (thrown is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "open", item.Path);
        }

        using (source)
        {
            Copy(item, source, tar, tarName, cancellationToken);
        }

        return true;
    }

    /// <summary>For what is not read from a file: the label, the tablespace map, and pg_control as it was held.</summary>
    public void AddContent(TarGzFile tar, string name, ReadOnlySpan<byte> content, FileStatus like, DateTimeOffset modified)
    {
        tar.WriteFile(EntryOf(name, content.Length, like) with { Modified = modified }, content);
        Enter(name, content.Length, modified, Crc32C.Compute(content));
    }

    public static TarEntry EntryOf(string name, long size, FileStatus status) =>
        new(name, status.Type == FileType.Directory ? TarEntryType.Directory : TarEntryType.File, size, status.Mode, status.Modified)
        {
            UserId = status.UserId,
            GroupId = status.GroupId,
        };

    private void Copy(CopyItem item, FileStream source, TarGzFile tar, string tarName, CancellationToken cancellationToken)
    {
        var size = Guard(item, () => source.Length);
        tar.Begin(EntryOf(tarName, size, item.Status));
        var crc = new Crc32CAccumulator();
        for (var left = size; left > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var wanted = (int)Math.Min(left, _buffer.Length);
            var read = Guard(item, () => source.ReadAtLeast(_buffer.AsSpan(0, wanted), wanted, throwOnEndOfStream: false));
            _buffer.AsSpan(read, wanted - read).Clear();
            crc.Append(_buffer.AsSpan(0, wanted));
            tar.WriteContent(_buffer.AsSpan(0, wanted));
            left -= wanted;
        }

        Enter(item.Name, size, item.Status.Modified, crc.Value);
    }

    private void Enter(string name, long size, DateTimeOffset modified, uint crc)
    {
        _manifest.AddFile(name, size, modified, crc);
        Files++;
        PlainBytes += size;
    }

    private static T Guard<T>(CopyItem item, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", item.Path);
        }
    }
}
