using System.Runtime.InteropServices;
using Pgkeep.Diagnostics;

namespace Pgkeep.Posix;

/// <summary>Turns what the kernel said into a failure that a person can act on.</summary>
internal static class PosixError
{
    /// <summary>For a call that just failed with errno set.</summary>
    /// <param name="action">What was tried, as it follows "cannot": <c>fsync</c>, <c>rename "a" to</c>.</param>
    public static PgkeepException Last(string action, string path) => From(Marshal.GetLastPInvokeError(), action, path);

    public static PgkeepException From(int errno, string action, string path, Exception? inner = null) =>
        new(KindOf(errno), $"cannot {action} \"{path}\": {Marshal.GetPInvokeErrorMessage(errno)}{FreeSpace(errno, path)}", inner, HintsFor(errno, path));

    /// <summary>For what .NET's file classes throw; an exception of ours passes through unchanged.</summary>
    public static PgkeepException From(Exception thrown, string action, string path) => thrown switch
    {
        PgkeepException ours => ours,
        FileNotFoundException or DirectoryNotFoundException => From(Libc.ENOENT, action, path, thrown),
        UnauthorizedAccessException => From(Libc.EACCES, action, path, thrown),
        // The Unix part of .NET passes errno as the HResult.
        IOException { HResult: > 0 and < 4096 } io => From(io.HResult, action, path, thrown),
        _ => new PgkeepException(ErrorKind.StorageFailed, $"cannot {action} \"{path}\": {thrown.Message}", thrown),
    };

    /// <summary>True for what the file classes throw when the kernel refuses; use it in a <c>when</c>.</summary>
    public static bool IsInputOutput(Exception thrown) => thrown is IOException or UnauthorizedAccessException;

    /// <summary>On the volume of a path, of which the last parts may not be there.</summary>
    private static string FreeSpace(int errno, string path)
    {
        if (errno != Libc.ENOSPC)
        {
            return "";
        }

        try
        {
            var directory = Path.GetDirectoryName(Path.GetFullPath(path));
            while (directory is not null && !Directory.Exists(directory))
            {
                directory = Path.GetDirectoryName(directory);
            }

            var space = VolumeSpace.Of(directory ?? "/");
            return $" ({SizeText.Short(space.Available)} of {SizeText.Short(space.Total)} are free there)";
        }
        catch (PgkeepException)
        {
            // What failed is the thing to tell.
            return "";
        }
    }

    private static ErrorKind KindOf(int errno) => errno switch
    {
        Libc.ENOSPC or Libc.EDQUOT => ErrorKind.StorageFull,
        Libc.EACCES or Libc.EPERM or Libc.EROFS => ErrorKind.AccessDenied,
        _ => ErrorKind.StorageFailed,
    };

    private static IReadOnlyList<string> HintsFor(int errno, string path) => KindOf(errno) switch
    {
        ErrorKind.StorageFull => ["free some space: pgkeep cleanup removes backups past their retention; where bytes are free, the file system may have no inodes left: df -i"],
        ErrorKind.AccessDenied when errno == Libc.EROFS => ["its file system is mounted read-only: a disk that fails makes the kernel do that (dmesg); mount -o remount,rw makes it writable again"],
        ErrorKind.AccessDenied => [$"this runs as \"{Environment.UserName}\"; pgkeep must run as the server's own account, usually postgres: see ls -ld \"{path}\""],
        _ => [],
    };
}
