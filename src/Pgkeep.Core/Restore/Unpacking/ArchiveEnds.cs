using Microsoft.Win32.SafeHandles;
using Pgkeep.Diagnostics;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Restore.Unpacking;

/// <summary>What of an archive stands outside of its frames: a header or a trailer.</summary>
internal static class ArchiveEnds
{
    /// <summary>Bytes; no codec writes so much.</summary>
    private const int Longest = 64 * 1024;

    /// <param name="archive">Its path.</param>
    /// <param name="all">Every frame.</param>
    /// <param name="isWhole">False where frames were passed over: nobody knows the checksum of the whole then.</param>
    /// <exception cref="PgkeepException">They are not those of the content, or the tar has no end.</exception>
    public static void Require(SafeFileHandle file, string archive, Codec codec, UnpackedRange all, bool isWhole = true)
    {
        if (!all.IsEndRight)
        {
            throw Damaged(archive, "the tar in it has no end, or goes on behind it");
        }

        var head = Read(file, archive, 0, all.StoredStart);
        var tail = Read(file, archive, all.StoredEnd, RandomAccess.GetLength(file) - all.StoredEnd);
        if (isWhole && !codec.AreEndsRight(head, tail, all.Checksum, all.PlainLength))
        {
            throw Damaged(archive, "the checksum and the length at its end are not those of its content");
        }
    }

    public static PgkeepException Damaged(string archive, string problem) => new(
        ErrorKind.BackupDamaged, $"\"{archive}\" cannot be unpacked by its index: {problem}", "with --jobs 1 it is unpacked without the index, which it is whole without");

    private static byte[] Read(SafeFileHandle file, string archive, long offset, long length)
    {
        var content = new byte[length is >= 0 and <= Longest ? length : throw Damaged(archive, "the index does not reach from its beginning to its end")];
        for (int done = 0, read; done < content.Length; done += read)
        {
            read = RandomAccess.Read(file, content.AsSpan(done), offset + done);
            _ = read > 0 ? true : throw Damaged(archive, "it ends early");
        }

        return content;
    }
}
