using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Restore.Unpacking;

/// <summary>
/// Creates what an archive has in directories that were empty before, or that hold the files of an old cluster. A member may only create something inside its directory, once; anything
/// else is a doctored archive and is refused. For several threads at a time.
/// </summary>
internal sealed class RestoredFiles
{
    /// <summary>Behind the name of <c>pg_control</c> until everything else is durable.</summary>
    public const string PendingSuffix = ".pgkeep";

    private const int OwnerOnly = 0b111_000_000;
    private const int DirectoryMask = 0b111_101_000;

    /// <summary>PostgreSQL refuses a data directory that others may read.</summary>
    private const int FileMask = 0b110_100_000;

    private const int OwnersFile = 0b110_000_000;
    private const int GroupReads = 0b000_100_000;

    private readonly Account _owner;
    private readonly bool _areNew;
    private readonly RestoreProgress? _progress;

    /// <summary>Of one archive: its own directories with their modes, and those that a file needed before they came.</summary>
    private readonly ConcurrentDictionary<string, int> _directories = new();
    private readonly ConcurrentDictionary<string, bool> _neededDirectories = new();
    private volatile bool _isOpenToGroup;
    private long _files;
    private long _bytes;

    /// <param name="areNew">Whether all files and directories are created here, with the owner and the mode that they get then.</param>
    /// <param name="progress">Null where nobody wants to know how far it is.</param>
    public RestoredFiles(Account owner, bool areNew = true, RestoreProgress? progress = null) => (_owner, _areNew, _progress) = (owner, areNew, progress);

    /// <summary>Whether the account's group could read the cluster.</summary>
    public bool IsOpenToGroup => _isOpenToGroup;

    public long Files => Interlocked.Read(ref _files);

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <param name="name">Of a member.</param>
    /// <param name="archive">For messages.</param>
    public static string PathOf(string target, string name, string archive)
    {
        if (name.Length == 0 || name.StartsWith('/') || name.Contains('\0') || name.Split('/').Any(part => part is "" or "." or ".."))
        {
            throw Doctored($"\"{archive}\" has a member named \"{name}\", which would lie outside the restored directory");
        }

        return Path.Combine(target, name == ControlFileReader.RelativePath ? name + PendingSuffix : name);
    }

    public static PgkeepException Doctored(string problem) => new(ErrorKind.BackupDamaged, problem, "somebody has changed this backup: do not use it");

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

        if (FileSystem.TryCreateDirectory(path, OwnerOnly))
        {
            Own(path);
        }
    }

    /// <summary>That of an archive, which a file in it may have made necessary before. It gets its mode when all are there: another thread may be just creating it.</summary>
    public void AddDirectory(string path, int mode)
    {
        _isOpenToGroup |= (mode & GroupReads) != 0;
        _directories[path] = mode & DirectoryMask;
        CreateDirectory(path);
    }

    /// <summary>A new file for writing.</summary>
    /// <param name="archive">For messages.</param>
    public SafeFileHandle CreateFile(string path, string archive)
    {
        if (FileSystem.TryCreateFile(path, out var exists) is not { } file)
        {
            if (!exists)
            {
                var directory = Path.GetDirectoryName(path)!;
                _neededDirectories[directory] = true;
                CreateDirectory(directory);
            }

            file = exists ? throw Twice(path, archive) : FileSystem.TryCreateFile(path, out _) ?? throw Twice(path, archive);
        }

        Own(path);
        return file;
    }

    /// <summary>To be called behind each archive: gives its directories their modes, and refuses it where a file lay in a directory that is none of them.</summary>
    /// <param name="archive">For messages.</param>
    public void CompleteDirectories(string archive)
    {
        if (_neededDirectories.Keys.Except(_directories.Keys).FirstOrDefault() is { } missing)
        {
            throw Doctored($"\"{archive}\" has files in \"{missing}\", and not that directory");
        }

        foreach (var (path, mode) in _directories.Where(directory => !_areNew || directory.Value != OwnerOnly))
        {
            if (!_areNew)
            {
                Own(path);
            }

            try
            {
                File.SetUnixFileMode(path, (UnixFileMode)mode);
            }
            catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
            {
                throw PosixError.From(thrown, "change the mode of", path);
            }
        }

        _directories.Clear();
        _neededDirectories.Clear();
    }

    /// <summary>Counts a file, and gives it the mode that it had.</summary>
    public void Complete(SafeFileHandle file, string path, int mode, long size)
    {
        _isOpenToGroup |= (mode & GroupReads) != 0;
        Interlocked.Increment(ref _files);
        Interlocked.Add(ref _bytes, size);
        if (!_areNew || (mode & FileMask | OwnersFile) != OwnersFile)
        {
            SetMode(file, path, mode & FileMask | OwnersFile);
        }
    }

    /// <summary>For a file that is as it should be: it keeps the mode that it had, as far as PostgreSQL allows that.</summary>
    /// <param name="isNew">Whether it was created here.</param>
    public static void CompleteKept(SafeFileHandle file, string path, int mode, bool isNew)
    {
        if ((mode & FileMask | OwnersFile) is var kept && kept != (isNew ? OwnersFile : mode))
        {
            SetMode(file, path, kept);
        }
    }

    public void Write(SafeFileHandle file, string path, ReadOnlySpan<byte> content, long offset)
    {
        WriteAt(file, path, content, offset);
        CountDone(content.Length);
    }

    /// <summary>For whoever shows how far it is: of this much of the content there is nothing left to do.</summary>
    public void CountDone(long bytes) => _progress?.Add(bytes);

    public static void WriteAt(SafeFileHandle file, string path, ReadOnlySpan<byte> content, long offset)
    {
        try
        {
            RandomAccess.Write(file, content, offset);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", path);
        }
    }

    public void Own(string path) => _owner.Own(path);

    private static void SetMode(SafeFileHandle file, string path, int mode)
    {
        try
        {
            File.SetUnixFileMode(file, (UnixFileMode)mode);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "change the mode of", path);
        }
    }

    private static PgkeepException Twice(string path, string archive) => Doctored($"\"{archive}\" has a member for \"{path}\" that comes twice");
}
