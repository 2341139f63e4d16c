using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pgkeep.Diagnostics;

namespace Pgkeep.Posix;

/// <summary>
/// An flock on a file: gone with its process, however that ends, so there is no stale lock to break. .NET's own way to open a file takes an
/// flock too, whatever sharing it is asked for, and would report ours as an error; so the file is opened by libc.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private readonly SafeFileHandle _file;

    private FileLock(SafeFileHandle file) => _file = file;

    /// <summary>Creates the file where it is missing. Null where another process holds the lock.</summary>
    public static FileLock? TryTake(string path) => TryTake(path, Libc.O_RDWR | Libc.O_CREAT, Libc.LOCK_EX);

    /// <summary>As <see cref="TryTake(string)"/>, together with others that share it; null where a process holds it alone.</summary>
    public static FileLock? TryShare(string path) => TryTake(path, Libc.O_RDWR | Libc.O_CREAT, Libc.LOCK_SH);

    /// <summary>As <see cref="TryTake(string)"/>, of a file that must be there; null also where it is not.</summary>
    public static FileLock? TryTakeExisting(string path) => FileStatus.Of(path) is null ? null : TryTake(path, Libc.O_RDWR, Libc.LOCK_EX);

    /// <summary>As <see cref="TryTakeExisting"/>, on a directory itself: nothing has to lie in it.</summary>
    public static FileLock? TryTakeDirectory(string path) => FileStatus.Of(path) is null ? null : TryTake(path, Libc.O_RDONLY | Libc.O_DIRECTORY, Libc.LOCK_EX);

    /// <summary>Whether a lock failed because this account, or the file system, has none to give; not because somebody else holds it.</summary>
    public static bool IsImpossible(PgkeepException failure) => failure.Kind is ErrorKind.AccessDenied or ErrorKind.StorageFailed or ErrorKind.StorageFull;

    /// <summary>The lock goes with the last descriptor of the open file, in whichever process that is (man 2 flock).</summary>
    internal SafeFileHandle Handle => _file;

    public void Dispose() => _file.Dispose();

    private static FileLock? TryTake(string path, int flags, int operation)
    {
        // Over NFS a shared lock needs a descriptor that may read, the other kind one that may write (man 2 flock).
        var descriptor = Libc.Open(path, Libc.O_CLOEXEC | flags, 0b110_000_000);
        if (descriptor < 0)
        {
            throw PosixError.Last("open", path);
        }

        var file = new SafeFileHandle(descriptor, ownsHandle: true);
        if (Libc.FLock(file, operation | Libc.LOCK_NB) == 0)
        {
            return new FileLock(file);
        }

        var errno = Marshal.GetLastPInvokeError();
        file.Dispose();
        return errno == Libc.EAGAIN ? null : throw PosixError.From(errno, "lock", path);
    }
}
