using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pgkeep.Diagnostics;

namespace Pgkeep.Posix;

/// <summary>
/// Changes of names that last. .NET's own flush reports no error when fsync fails on Linux, so each goes to libc here; after a failed
/// fsync the kernel may have dropped the data, so the caller gives the file up and never tries fsync again on it.
/// </summary>
internal static class FileSystem
{
    public static void Sync(SafeFileHandle handle, string path)
    {
        if (Libc.FSync(handle) != 0)
        {
            throw PosixError.Last("fsync", path);
        }
    }

    /// <summary>Keeps hold of a directory: for <see cref="SyncAll"/>, or for a short name, <c>/proc/self/fd/</c> and its number.</summary>
    public static SafeFileHandle OpenDirectory(string path) => OpenForSync(path, Libc.O_DIRECTORY);

    /// <summary>Whether a path is a directory or lies in it, by the names alone.</summary>
    public static bool IsInside(string path, string directory) => path == directory || path.StartsWith(directory.TrimEnd('/') + "/", StringComparison.Ordinal);

    /// <summary>The nearest directory above a path that is there.</summary>
    public static string ExistingParent(string path) =>
        Path.GetDirectoryName(path) is { } parent ? (Directory.Exists(parent) ? parent : ExistingParent(parent)) : "/";

    /// <summary>Makes the names in a directory durable.</summary>
    public static void SyncDirectory(string path)
    {
        using var handle = OpenForSync(path, Libc.O_DIRECTORY);
        Sync(handle, path);
    }

    /// <summary>Makes the content of a file that somebody else wrote durable.</summary>
    public static void SyncFile(string path)
    {
        using var handle = OpenForSync(path, 0);
        Sync(handle, path);
    }

    /// <summary>Has the kernel begin to write a part of a file to disk, without waiting. Makes nothing durable and reports nothing: that is the later sync's.</summary>
    public static void BeginWriteBack(SafeFileHandle handle, long offset, long length) =>
        _ = Libc.SyncFileRange(handle, offset, length, Libc.SYNC_FILE_RANGE_WRITE);

    /// <summary>
    /// Makes everything on the file system that holds a directory durable: one call instead of one for each of a million files. Errors of
    /// writing back are reported since Linux 5.8, those since the directory was opened (man 2 syncfs).
    /// </summary>
    /// <param name="directory">Opened before the first write, by <see cref="OpenDirectory"/>.</param>
    /// <param name="path">For messages.</param>
    public static void SyncAll(SafeFileHandle directory, string path)
    {
        if (Libc.SyncFileSystem(directory) != 0)
        {
            throw PosixError.Last("make durable what is in", path);
        }
    }

    /// <summary>Replaces what <paramref name="to"/> names, if anything, in one step.</summary>
    public static void Rename(string from, string to)
    {
        if (Libc.Rename(from, to) != 0)
        {
            throw PosixError.Last($"rename \"{from}\" to", to);
        }
    }

    /// <summary>False, and nothing changed, where <paramref name="to"/> exists already.</summary>
    public static bool TryRenameNew(string from, string to)
    {
        if (Libc.RenameAt2(Libc.AT_FDCWD, from, Libc.AT_FDCWD, to, Libc.RENAME_NOREPLACE) == 0)
        {
            return true;
        }

        var errno = Marshal.GetLastPInvokeError();
        return errno == Libc.EEXIST ? false : throw PosixError.From(errno, $"rename \"{from}\" to", to);
    }

    /// <summary>
    /// As <see cref="TryRenameNew"/>, for names that nobody else makes meanwhile: where the file system cannot refuse to replace (NFS, older versions of ZFS), a look must do.
    /// </summary>
    public static bool TryMoveNew(string from, string to)
    {
        if (Libc.RenameAt2(Libc.AT_FDCWD, from, Libc.AT_FDCWD, to, Libc.RENAME_NOREPLACE) == 0)
        {
            return true;
        }

        var errno = Marshal.GetLastPInvokeError();
        if (errno is not (Libc.EINVAL or Libc.ENOSYS or Libc.EOPNOTSUPP))
        {
            return errno == Libc.EEXIST ? false : throw PosixError.From(errno, $"rename \"{from}\" to", to);
        }

        if (FileStatus.Of(to) is not null)
        {
            return false;
        }

        Rename(from, to);
        return true;
    }

    /// <summary>
    /// As <see cref="Rename"/>; false, and nothing changed, where <paramref name="from"/> is not there or the two names lie on different file
    /// systems.
    /// </summary>
    public static bool TryRename(string from, string to)
    {
        if (Libc.Rename(from, to) == 0)
        {
            return true;
        }

        var errno = Marshal.GetLastPInvokeError();
        return errno is Libc.ENOENT or Libc.EXDEV ? false : throw PosixError.From(errno, $"rename \"{from}\" to", to);
    }

    /// <summary>
    /// Gives a file its final name without ever replacing another: a link, or where the file system has no hard links a rename that
    /// refuses to replace. False where the name is taken. The temporary name may be left; the caller removes it.
    /// </summary>
    public static bool TryLinkNew(string from, string to)
    {
        if (Libc.Link(from, to) == 0)
        {
            return true;
        }

        var errno = Marshal.GetLastPInvokeError();
        return errno switch
        {
            Libc.EEXIST => false,
            Libc.EPERM or Libc.EOPNOTSUPP or Libc.ENOSYS => TryRenameNew(from, to),
            _ => throw PosixError.From(errno, $"link \"{from}\" to", to),
        };
    }

    public static void CreateSymbolicLink(string target, string path)
    {
        if (Libc.Symlink(target, path) != 0)
        {
            throw PosixError.Last("create the link", path);
        }
    }

    /// <summary>Creates one directory with exactly this mode, whatever the umask. Throws where it exists.</summary>
    public static void CreateDirectory(string path, int mode)
    {
        if (Libc.MakeDirectory(path, (uint)mode) != 0)
        {
            throw PosixError.Last("create the directory", path);
        }

        File.SetUnixFileMode(path, (UnixFileMode)mode);
    }

    /// <summary>As <see cref="CreateDirectory"/>; false, with nothing changed, where it exists.</summary>
    public static bool TryCreateDirectory(string path, int mode)
    {
        if (Libc.MakeDirectory(path, (uint)mode) != 0)
        {
            return Marshal.GetLastPInvokeError() is var errno and not Libc.EEXIST ? throw PosixError.From(errno, "create the directory", path) : false;
        }

        File.SetUnixFileMode(path, (UnixFileMode)mode);
        return true;
    }

    /// <summary>Creates a file for writing, for its owner alone. Null where something is at the path already, and where its directory is missing.</summary>
    public static SafeFileHandle? TryCreateFile(string path, out bool exists)
    {
        var descriptor = Libc.Open(path, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL | Libc.O_CLOEXEC, 0b110_000_000);
        var errno = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        exists = errno == Libc.EEXIST;
        return errno switch
        {
            0 => new SafeFileHandle(descriptor, ownsHandle: true),
            Libc.EEXIST or Libc.ENOENT => null,
            _ => throw PosixError.From(errno, "create", path),
        };
    }

    /// <summary>False where something is in it, or nothing is at the path.</summary>
    public static bool TryRemoveDirectory(string path)
    {
        if (Libc.RemoveDirectory(path) == 0)
        {
            return true;
        }

        var errno = Marshal.GetLastPInvokeError();
        return errno is Libc.ENOENT or Libc.ENOTEMPTY or Libc.EEXIST ? false : throw PosixError.From(errno, "remove the directory", path);
    }

    public static void ChangeOwner(string path, uint userId, uint groupId)
    {
        if (Libc.ChangeOwner(path, userId, groupId) != 0)
        {
            throw PosixError.Last("change the owner of", path);
        }
    }

    public static void Delete(string path)
    {
        if (Libc.Unlink(path) != 0 && Marshal.GetLastPInvokeError() is var errno and not Libc.ENOENT)
        {
            throw PosixError.From(errno, "remove", path);
        }
    }

    /// <param name="path">Links followed.</param>
    public static bool IsMountPoint(string path) => MountPoints().Contains(path);

    /// <summary>All that this process sees; none where they cannot be read, and then the rename will tell.</summary>
    public static IReadOnlySet<string> MountPoints()
    {
        try
        {
            // proc(5): "36 35 98:0 /root /mount-point options …", with blanks and the like written in octal.
            return File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ').ElementAtOrDefault(4)).OfType<string>().Select(Unescape).ToHashSet();
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return new HashSet<string>();
        }
    }

    /// <summary>Whether this process may change the names in a directory.</summary>
    public static bool CanWrite(string directory) => Libc.Access(Libc.AT_FDCWD, directory, Libc.W_OK | Libc.X_OK, Libc.AT_EACCESS) == 0;

    /// <summary>Throws where this process may not change the names in a directory, or its file system is mounted read-only.</summary>
    public static void RequireWritable(string directory)
    {
        if (!CanWrite(directory))
        {
            throw PosixError.Last("write into", directory);
        }
    }

    /// <summary>The path with every link in it followed; the path itself where nothing is there.</summary>
    public static string Resolve(string path)
    {
        var full = Path.GetFullPath(path);
        var resolved = "/";
        var pending = new Stack<string>(full.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        for (var links = 0; pending.TryPop(out var part);)
        {
            if (part is "." or "..")
            {
                resolved = part == ".." ? Path.GetDirectoryName(resolved) ?? "/" : resolved;
                continue;
            }

            var next = Path.Combine(resolved, part);
            if (FileStatus.Of(next)?.Type != FileType.SymbolicLink || new FileInfo(next).LinkTarget is not { } target)
            {
                resolved = next;
                continue;
            }

            // The kernel's own limit on links in one path is 40.
            if (++links > 40)
            {
                throw new PgkeepException(ErrorKind.StorageFailed, $"too many symbolic links in \"{path}\"");
            }

            resolved = target.StartsWith('/') ? "/" : resolved;
            foreach (var piece in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                pending.Push(piece);
            }
        }

        return resolved;
    }

    /// <summary>
    /// Adds a line to a file that several processes write, in one write with O_APPEND (which <see cref="FileMode.Append"/> does not use), so that
    /// lines never overwrite each other. Not durable.
    /// </summary>
    public static unsafe void Append(string path, ReadOnlySpan<byte> line, int mode)
    {
        var descriptor = Libc.Open(path, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_APPEND | Libc.O_CLOEXEC, mode);
        if (descriptor < 0)
        {
            throw PosixError.Last("open", path);
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        fixed (byte* start = line)
        {
            if (Libc.Write(handle, start, (nuint)line.Length) != line.Length)
            {
                throw PosixError.Last("write", path);
            }
        }
    }

    private static string Unescape(string text) => text
        .Replace(@"\040", " ", StringComparison.Ordinal)
        .Replace(@"\011", "\t", StringComparison.Ordinal)
        .Replace(@"\012", "\n", StringComparison.Ordinal)
        .Replace(@"\134", @"\", StringComparison.Ordinal);

    private static SafeFileHandle OpenForSync(string path, int flags)
    {
        var descriptor = Libc.Open(path, Libc.O_RDONLY | Libc.O_CLOEXEC | flags, 0);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw PosixError.Last("open", path);
    }
}
