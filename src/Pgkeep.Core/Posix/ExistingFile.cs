using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pgkeep.Posix;

/// <summary>Opens what is there already, never through a link at the end of its path.</summary>
internal static class ExistingFile
{
    /// <summary>Null where nothing is at the path, or something that cannot be read as a file.</summary>
    public static SafeFileHandle? TryOpenToRead(string path) => TryOpen(path, Libc.O_RDONLY, "open");

    public static SafeFileHandle? TryOpenToChange(string path) => TryOpen(path, Libc.O_RDWR, "open for writing");

    public static void SetLength(SafeFileHandle file, string path, long length)
    {
        try
        {
            RandomAccess.SetLength(file, length);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "set the length of", path);
        }
    }

    /// <returns>How many bytes there were, fewer than asked for only at the file's end.</returns>
    public static int Read(SafeFileHandle file, string path, Span<byte> buffer, long offset)
    {
        try
        {
            var filled = 0;
            for (int read; filled < buffer.Length && (read = RandomAccess.Read(file, buffer[filled..], offset + filled)) > 0;)
            {
                filled += read;
            }

            return filled;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    private static SafeFileHandle? TryOpen(string path, int access, string action)
    {
        // A pipe without a writer would let an open for reading wait for ever.
        var descriptor = Libc.Open(path, access | Libc.O_NOFOLLOW | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
        if (descriptor >= 0)
        {
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }

        return Marshal.GetLastPInvokeError() switch
        {
            Libc.ENOENT or Libc.ENOTDIR or Libc.ELOOP or Libc.EISDIR or Libc.ENXIO => null,
            var errno => throw PosixError.From(errno, action, path),
        };
    }
}
