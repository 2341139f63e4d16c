using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Restore.Copies;

/// <summary>The segments in a backup's own <c>pg_wal.tar.gz</c>, in the order in which they lie there, which is that of the WAL.</summary>
internal sealed class OwnSegments : IDisposable
{
    private const int BufferLength = 1024 * 1024;

    private readonly string _path;
    private readonly FileStream _file;
    private readonly Stream _plain;
    private readonly TarReader _tar;

    public OwnSegments(StoredBackup backup, BackupMetadata metadata)
    {
        _path = Path.Combine(backup.Directory, metadata.Archives.Wal);
        try
        {
            _file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferLength, FileOptions.SequentialScan);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "open", _path);
        }

        _plain = metadata.Codec.Decompress(_file);
        _tar = new TarReader(_plain, _path);
    }

    /// <summary>Hands out a segment's content; those before it are passed over for good.</summary>
    /// <returns>False where it does not come any more.</returns>
    public bool TryRead(WalSegmentName segment, Action<Stream> read)
    {
        try
        {
            while (_tar.Next() is { } entry)
            {
                if (entry.Type == TarEntryType.File && entry.Name == segment.ToString())
                {
                    using var content = new TarMemberStream(_tar);
                    read(content);
                    return true;
                }
            }

            return false;
        }
        catch (InvalidDataException damaged)
        {
            throw new PgkeepException(ErrorKind.BackupDamaged, $"\"{_path}\" cannot be decompressed", damaged);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", _path);
        }
    }

    public void Dispose()
    {
        _plain.Dispose();
        _file.Dispose();
    }
}
