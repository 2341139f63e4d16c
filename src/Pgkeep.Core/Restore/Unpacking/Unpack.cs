using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Restore.Unpacking;

/// <summary>
/// Unpacks the archives of a backup into new directories, in parallel where an archive has an index. <c>pg_control</c> gets its name last, after
/// everything is durable, so that a half-restored directory cannot start.
/// </summary>
internal sealed class Unpack
{
    private const int BufferLength = 1024 * 1024;
    private const int OwnerOnly = 0b111_000_000;
    private const int OpenToGroup = 0b111_101_000;
    private const int OwnersFile = 0b110_000_000;
    private const int GroupReadsFile = 0b110_100_000;

    private readonly RestoredFiles _files;
    private readonly Codec _codec;
    private readonly int _jobs;
    private readonly byte[] _buffer = new byte[BufferLength];

    /// <param name="codec">Of the backup's archives.</param>
    /// <param name="jobs">How many threads; 1 reads an archive from its beginning to its end, and no index.</param>
    /// <param name="progress">Null where nobody wants to know how far it is.</param>
    public Unpack(Account owner, Codec codec, int jobs, RestoreProgress? progress = null)
        : this(new RestoredFiles(owner, progress: progress), codec, jobs)
    {
    }

    /// <inheritdoc cref="Unpack(Account, Codec, int, RestoreProgress)"/>
    public Unpack(RestoredFiles files, Codec codec, int jobs)
    {
        _files = files;
        _codec = codec;
        _jobs = jobs;
    }

    public long Files => _files.Files;

    public long Bytes => _files.Bytes;

    /// <summary>Creates a directory of the owner, with its parents.</summary>
    public void CreateDirectory(string path) => _files.CreateDirectory(path);

    /// <param name="archive">A tar in the backup's codec.</param>
    /// <param name="prefix">What stands before a member's name in the archive's index: <c>pg_tblspc/OID/</c> for a tablespace.</param>
    /// <param name="target">Exists.</param>
    public void Run(string archive, string prefix, string target, CancellationToken cancellationToken)
    {
        if (_jobs > 1 && File.Exists(ArchiveNames.IndexOf(archive)))
        {
            new IndexedUnpack(_files, archive, prefix, target).Run(_codec, _jobs, cancellationToken);
        }
        else
        {
            RunWhole(archive, target, cancellationToken);
        }

        _files.CompleteDirectories(archive);
    }

    /// <summary>Gives the data directory itself the owner and the mode that its server had it with; it may have been there before, empty.</summary>
    public void OpenTo(string dataDirectory)
    {
        _files.Own(dataDirectory);
        try
        {
            File.SetUnixFileMode(dataDirectory, (UnixFileMode)(_files.IsOpenToGroup ? OpenToGroup : OwnerOnly));
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "change the mode of", dataDirectory);
        }
    }

    /// <summary>WAL has the mode that the cluster's server gives its own, wherever it came from; a backup made its part of the archive.</summary>
    /// <param name="walDirectory">With nothing in it but what was restored.</param>
    public void CompleteWal(string walDirectory)
    {
        try
        {
            foreach (var directory in new[] { walDirectory, Path.Combine(walDirectory, "archive_status") }.Where(Directory.Exists))
            {
                if (_files.IsOpenToGroup)
                {
                    File.SetUnixFileMode(directory, (UnixFileMode)OpenToGroup);
                }

                foreach (var file in Directory.EnumerateFiles(directory))
                {
                    File.SetUnixFileMode(file, (UnixFileMode)(_files.IsOpenToGroup ? GroupReadsFile : OwnersFile));
                }
            }
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "change the modes in", walDirectory);
        }
    }

    /// <summary>Gives <c>pg_control</c> its name; everything else must be durable.</summary>
    public static void Finish(string dataDirectory)
    {
        var control = Path.Combine(dataDirectory, ControlFileReader.RelativePath);
        if (!File.Exists(control + RestoredFiles.PendingSuffix))
        {
            throw RestoredFiles.Doctored($"the backup has no \"{ControlFileReader.RelativePath}\"");
        }

        FileSystem.Rename(control + RestoredFiles.PendingSuffix, control);
        FileSystem.SyncDirectory(Path.GetDirectoryName(control)!);
        FileSystem.SyncDirectory(dataDirectory);
        FileSystem.SyncDirectory(Path.GetDirectoryName(dataDirectory)!);
    }

    private void RunWhole(string archive, string target, CancellationToken cancellationToken)
    {
        using var file = new FileStream(archive, FileMode.Open, FileAccess.Read, FileShare.Read, BufferLength, FileOptions.SequentialScan);
        using var plain = _codec.Decompress(file);
        var tar = new TarReader(plain, archive);
        try
        {
            while (tar.Next() is { } entry)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Create(tar, entry, archive, target, cancellationToken);
            }

            // The tar ends before the file does: the checksum over everything, where a codec has one, is compared at the file's end.
            while (plain.Read(_buffer) > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch (InvalidDataException damaged)
        {
            throw new PgkeepException(ErrorKind.BackupDamaged, $"\"{archive}\" cannot be decompressed", damaged);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", archive);
        }
    }

    private void Create(TarReader tar, TarEntry entry, string archive, string target, CancellationToken cancellationToken)
    {
        var path = RestoredFiles.PathOf(target, entry.Name, archive);
        switch (entry.Type)
        {
            case TarEntryType.Directory:
                _files.AddDirectory(path, entry.Mode);
                break;
            case TarEntryType.File:
                WriteFile(tar, path, entry, archive, cancellationToken);
                break;
            default:
                throw RestoredFiles.Doctored($"\"{archive}\" has a link \"{entry.Name}\", and a backup has none");
        }
    }

    private void WriteFile(TarReader tar, string path, TarEntry entry, string archive, CancellationToken cancellationToken)
    {
        using var file = _files.CreateFile(path, archive);
        var offset = 0L;
        for (int read; (read = tar.Read(_buffer)) > 0; offset += read)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _files.Write(file, path, _buffer.AsSpan(0, read), offset);
        }

        _files.Complete(file, path, entry.Mode, entry.Size);
    }
}
