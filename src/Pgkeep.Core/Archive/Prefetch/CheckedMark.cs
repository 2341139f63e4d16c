using System.Buffers.Binary;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;
using Pgkeep.Posix;
using Pgkeep.Repository;
using Pgkeep.Streams;

namespace Pgkeep.Archive.Prefetch;

/// <summary>
/// Says of a file that all of it was compared with its checksum while it was written, and that nobody wrote to it since: a time of modification between 1980 and
/// 2010 that follows from the checksum, the file's inode and the boot of this machine. Whoever writes to the file gives it another time, a copy has another inode,
/// and what a crash left was written in another boot. Where a file system keeps times coarsely no file has the mark, and its content is read again.
/// </summary>
internal static class CheckedMark
{
    private const string BootIdPath = "/proc/sys/kernel/random/boot_id";
    private const int NumberLength = sizeof(ulong);

    private static readonly DateTimeOffset First = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly long Span = TimeSpan.FromDays(30 * 365).Ticks;

    /// <param name="file">Open at <paramref name="path"/>, with nothing more to be written to it.</param>
    /// <param name="identity">What its content was compared with.</param>
    public static void Put(SafeFileHandle file, string path, WalIdentity identity)
    {
        if (FileStatus.Of(path) is { } status && TimeOf(identity, status) is { } time)
        {
            File.SetLastWriteTimeUtc(file, time.UtcDateTime);
        }
    }

    /// <summary>Looks for the mark, and puts the present moment in its place where it is.</summary>
    /// <param name="identity">What the file's content shall be.</param>
    public static bool TryTakeOff(string path, WalIdentity identity, TimeProvider clock)
    {
        if (FileStatus.Of(path) is not { Type: FileType.Regular } status || status.Size != identity.PlainSize || status.Modified != TimeOf(identity, status))
        {
            return false;
        }

        File.SetLastWriteTimeUtc(path, clock.GetUtcNow().UtcDateTime);
        return true;
    }

    /// <summary>Null where the boot is not known.</summary>
    private static DateTimeOffset? TimeOf(WalIdentity identity, FileStatus status)
    {
        if (BootId() is not { } boot)
        {
            return null;
        }

        Span<byte> numbers = stackalloc byte[QuickDigest.Length + (3 * NumberLength)];
        identity.Digest.Write(numbers);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[QuickDigest.Length..], identity.PlainSize);
        BinaryPrimitives.WriteUInt64LittleEndian(numbers[(QuickDigest.Length + NumberLength)..], status.Inode);
        BinaryPrimitives.WriteUInt64LittleEndian(numbers[(QuickDigest.Length + (2 * NumberLength))..], status.Device);
        var hash = new XxHash3();
        hash.Append(numbers);
        hash.Append(boot);
        return First.AddTicks((long)(hash.GetCurrentHashAsUInt64() % (ulong)Span));
    }

    private static byte[]? BootId()
    {
        try
        {
            return File.ReadAllBytes(BootIdPath) is { Length: > 0 } id ? id : null;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return null;
        }
    }
}
