namespace Pgkeep.Backup.Frames;

/// <summary>What goes into one frame. The frames of an archive are numbered in the order of the tar, whoever makes them.</summary>
internal abstract record FrameJob(long Number);

/// <summary>Directories and small files, whole. They are opened by the worker, so a file that is gone by then is not in the tar at all.</summary>
internal record SmallFilesJob(long Number, IReadOnlyList<CopyItem> Items) : FrameJob(Number);

/// <summary>A piece of a large file: with the tar's header before the first, and the padding behind the last.</summary>
internal sealed record PieceJob(long Number, OpenFile File, long Offset, int Length) : FrameJob(Number)
{
    public bool IsFirst => Offset == 0;

    public bool IsLast => Offset + Length == File.Size;
}
