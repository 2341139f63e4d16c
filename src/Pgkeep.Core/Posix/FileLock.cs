using System.Runtime.InteropServices;

namespace Pgkeep.Posix;

/// <summary>An flock on a file: gone with its process, however that ends, so there is no stale lock to break.</summary>
internal sealed class FileLock : IDisposable
{
    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>Null where another process holds it.</summary>
    public static FileLock? TryTake(string path)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                // .NET locks a file that is not shared with flock itself; the lock is ours to take.
                Share = FileShare.ReadWrite | FileShare.Delete,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "open", path);
        }

        if (Libc.FLock(file.SafeFileHandle, Libc.LOCK_EX | Libc.LOCK_NB) == 0)
        {
            return new FileLock(file);
        }

        var errno = Marshal.GetLastPInvokeError();
        file.Dispose();
        return errno == Libc.EAGAIN ? null : throw PosixError.From(errno, "lock", path);
    }

    public void Dispose() => _file.Dispose();
}
