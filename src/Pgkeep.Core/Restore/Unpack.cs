using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Restore;

/// <summary>
/// Unpacks the archives of a backup into new directories. A member may only create something inside its directory; anything else is a doctored
/// archive and is refused. <c>pg_control</c> gets its name last, after everything is durable, so that a half-restored directory
/// cannot start.
/// </summary>
internal sealed class Unpack
{
    private const int BufferLength = 1024 * 1024;

    /// <summary>errno EEXIST, which .NET passes on as the HResult.</summary>
    private const int AlreadyExists = 17;

    private const string PendingSuffix = ".pgkeep";

    private readonly Account _owner;
    private readonly Codec _codec;
    private readonly byte[] _buffer = new byte[BufferLength];

    /// <param name="codec">Of the backup's archives.</param>
    public Unpack(Account owner, Codec codec)
    {
        _owner = owner;
        _codec = codec;
    }

    private bool _isOpenToGroup;

    public long Files { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Creates a directory of the owner, with its parents.</summary>
    public void CreateDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        if (Path.GetDirectoryName(path) is { } parent)
        {
            CreateDirectory(parent);
        }

        FileSystem.CreateDirectory(path, 0b111_000_000);
        Own(path);
    }

    /// <param name="archive">A tar in the backup's codec.</param>
    /// <param name="target">Exists.</param>
    public void Run(string archive, string target, CancellationToken cancellationToken)
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
    }

    /// <summary>Gives the data directory itself the owner and the mode that its server had it with; it may have been there before, empty.</summary>
    public void OpenTo(string dataDirectory)
    {
        Own(dataDirectory);
        try
        {
            File.SetUnixFileMode(dataDirectory, (UnixFileMode)(_isOpenToGroup ? 0b111_101_000 : 0b111_000_000));
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "change the mode of", dataDirectory);
        }
    }

    /// <summary>Gives <c>pg_control</c> its name; everything else must be durable.</summary>
    public static void Finish(string dataDirectory)
    {
        var control = Path.Combine(dataDirectory, ControlFileReader.RelativePath);
        if (!File.Exists(control + PendingSuffix))
        {
            throw new PgkeepException(ErrorKind.BackupDamaged, $"the backup has no \"{ControlFileReader.RelativePath}\"", "somebody has changed this backup: do not use it");
        }

        FileSystem.Rename(control + PendingSuffix, control);
        FileSystem.SyncDirectory(Path.GetDirectoryName(control)!);
        FileSystem.SyncDirectory(dataDirectory);
        FileSystem.SyncDirectory(Path.GetDirectoryName(dataDirectory)!);
    }

    private static void CheckName(string name, string archive)
    {
        if (name.Length == 0 || name.StartsWith('/') || name.Contains('\0') || name.Split('/').Any(part => part is "" or "." or ".."))
        {
            throw new PgkeepException(ErrorKind.BackupDamaged, $"\"{archive}\" has a member named \"{name}\", which would lie outside the restored directory", "somebody has changed this backup: do not use it");
        }
    }

    private void Create(TarReader tar, TarEntry entry, string archive, string target, CancellationToken cancellationToken)
    {
        CheckName(entry.Name, archive);
        var path = Path.Combine(target, entry.Name == ControlFileReader.RelativePath ? entry.Name + PendingSuffix : entry.Name);
        _isOpenToGroup |= (entry.Mode & 0b000_100_000) != 0;
        try
        {
            switch (entry.Type)
            {
                case TarEntryType.Directory:
                    if (!Directory.Exists(path))
                    {
                        FileSystem.CreateDirectory(path, entry.Mode & 0b111_101_000);
                        Own(path);
                    }

                    break;
                case TarEntryType.File:
                    WriteFile(tar, path, entry, cancellationToken);
                    break;
                default:
                    throw new PgkeepException(ErrorKind.BackupDamaged, $"\"{archive}\" has a link \"{entry.Name}\", and a backup has none", "somebody has changed this backup: do not use it");
            }
        }
        catch (Exception thrown) when (thrown is DirectoryNotFoundException || (thrown is IOException && File.Exists(path) && thrown.HResult == AlreadyExists))
        {
            throw new PgkeepException(ErrorKind.BackupDamaged, $"\"{archive}\" has a member \"{entry.Name}\" that comes twice, or without its directory", thrown, "somebody has changed this backup: do not use it");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", path);
        }
    }

    private void WriteFile(TarReader tar, string path, TarEntry entry, CancellationToken cancellationToken)
    {
        using (var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            BufferSize = 0,
            PreallocationSize = 0,
            // PostgreSQL refuses a data directory that others may read.
            UnixCreateMode = (UnixFileMode)(entry.Mode & 0b110_100_000) | UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            for (int read; (read = tar.Read(_buffer)) > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                file.Write(_buffer.AsSpan(0, read));
            }
        }

        Own(path);
        Files++;
        Bytes += entry.Size;
    }

    private void Own(string path)
    {
        if (Account.IsRoot)
        {
            FileSystem.ChangeOwner(path, _owner.UserId, _owner.GroupId);
        }
    }
}
