using System.Runtime.InteropServices;

namespace Pgkeep.Posix;

internal enum FileType
{
    Regular,
    Directory,
    SymbolicLink,
    Other,
}

/// <summary>What <c>lstat</c> says of a path; .NET has no way to ask for owner, inode and device.</summary>
/// <param name="Mode">Permission bits only, such as 0600.</param>
/// <param name="Device">Tells two file systems apart.</param>
internal readonly record struct FileStatus(
    FileType Type, int Mode, uint UserId, uint GroupId, long Size, DateTimeOffset Modified, ulong Inode, ulong Device)
{
    private const int TypeMask = 0xF000;

    /// <summary>How many names the file has; 0 where somebody else told of it.</summary>
    public uint LinkCount { get; init; }

    // The years 1 and 9999: all that DateTimeOffset holds. A tmpfs, btrfs or XFS holds more, and a file's time may be anything.
    private const long FirstSecond = -62_135_596_800;
    private const long LastSecond = 253_402_300_799;

    /// <summary>Null where there is nothing at the path; any other failure is thrown. Links are not followed.</summary>
    public static FileStatus? Of(string path) => Query(path, Libc.AT_SYMLINK_NOFOLLOW);

    /// <summary>As <see cref="Of"/>, of what a link leads to.</summary>
    public static FileStatus? OfTarget(string path) => Query(path, 0);

    private static unsafe FileStatus? Query(string path, int flags)
    {
        Libc.StatXBuffer buffer;
        if (Libc.StatX(Libc.AT_FDCWD, path, flags, Libc.STATX_BASIC_STATS, &buffer) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            return errno is Libc.ENOENT or Libc.ENOTDIR ? null : throw PosixError.From(errno, "look at", path);
        }

        var modified = DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(buffer.ModifiedSeconds, FirstSecond, LastSecond)).AddTicks(buffer.ModifiedNanoseconds / 100);
        return new FileStatus(
            TypeOf(buffer.Mode),
            buffer.Mode & 0xFFF,
            buffer.UserId,
            buffer.GroupId,
            checked((long)buffer.Size),
            modified,
            buffer.Inode,
            ((ulong)buffer.DeviceMajor << 32) | buffer.DeviceMinor)
        {
            LinkCount = buffer.LinkCount,
        };
    }

    private static FileType TypeOf(int mode) => (mode & TypeMask) switch
    {
        0x8000 => FileType.Regular,
        0x4000 => FileType.Directory,
        0xA000 => FileType.SymbolicLink,
        _ => FileType.Other,
    };
}
