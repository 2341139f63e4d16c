namespace Pgkeep.Repository.Frames;

/// <summary>One frame of an archive, and which files have content in it.</summary>
/// <param name="Number">Frames of an archive are numbered from 0.</param>
/// <param name="StoredOffset">In the archive.</param>
/// <param name="PlainOffset">In the plain tar.</param>
/// <param name="Parts">In the order of the tar. Headers and padding lie between them.</param>
internal sealed record IndexedFrame(long Number, long StoredOffset, int StoredLength, long PlainOffset, int PlainLength, IReadOnlyList<FilePart> Parts);

/// <summary>The part of a file that lies in one frame; of an empty file, nothing.</summary>
/// <param name="Name">As in the manifest.</param>
/// <param name="Size">Of the whole file.</param>
/// <param name="Offset">In the file.</param>
/// <param name="Start">In the frame's plain content.</param>
internal readonly record struct FilePart(string Name, long Size, long Offset, int Start, int Length)
{
    public bool IsFirst => Offset == 0;

    public bool IsLast => Offset + Length == Size;
}
