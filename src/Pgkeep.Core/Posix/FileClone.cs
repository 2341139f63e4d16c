using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pgkeep.Posix;

/// <summary>
/// Files that share their blocks until one of them is written to (reflinks): XFS, btrfs and others have them. A clone takes no time and no space, whatever its length.
/// </summary>
internal static class FileClone
{
    /// <summary>Whether a file in one directory can be cloned into another, tried with files of no name that lasts.</summary>
    /// <exception cref="Diagnostics.PgkeepException">No file can be made there.</exception>
    public static bool IsPossible(string from, string to)
    {
        var (source, target) = (NameIn(from), NameIn(to));
        try
        {
            using var original = FileSystem.TryCreateFile(source, out _) ?? throw PosixError.From(Libc.ENOENT, "create a file in", from);
            RandomAccess.Write(original, "pgkeep"u8, 0);
            using var readable = File.OpenHandle(source);
            using var clone = FileSystem.TryCreateFile(target, out _) ?? throw PosixError.From(Libc.ENOENT, "create a file in", to);
            return TryClone(readable, clone, target);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", source);
        }
        finally
        {
            FileSystem.Delete(source);
            FileSystem.Delete(target);
        }
    }

    /// <summary>Gives a new file the content of another; false, and nothing changed, where these two files or their file systems cannot do that.</summary>
    /// <param name="path">Of the new one.</param>
    // man 2 ioctl_ficlone: which error it is depends on the file system.
    public static bool TryClone(SafeFileHandle from, SafeFileHandle to, string path)
    {
        if (Libc.IoControl(to, Libc.FICLONE, from) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() switch
        {
            Libc.EXDEV or Libc.EOPNOTSUPP or Libc.EINVAL or Libc.ENOTTY or Libc.ENOSYS or Libc.EPERM => false,
            var errno => throw PosixError.From(errno, "clone a file to", path),
        };
    }

    private static string NameIn(string directory) => Path.Combine(directory, $".pgkeep-clone.{Guid.NewGuid():N}.tmp");
}
