using Microsoft.Win32.SafeHandles;
using Pgkeep.Posix;

namespace Pgkeep.Restore.Unpacking.Selected;

/// <summary>
/// A file that is being restored, which may have old content already: of what is written to it, only the blocks that differ go to the disk. Several threads may write to parts of
/// it that do not overlap.
/// </summary>
internal sealed class TargetFile : IDisposable
{
    /// <summary>PostgreSQL's usual block. It has to be none of the cluster's own: whatever differs is written.</summary>
    public const int BlockLength = 8192;

    private readonly SafeFileHandle? _old;
    private readonly long _oldLength;

    /// <param name="handle">To write to; owned, as the other is.</param>
    /// <param name="old">What has the content already that <paramref name="handle"/> has, to be read; it may be the same. Null where there is none.</param>
    /// <param name="oldLength">How much of it counts.</param>
    public TargetFile(string path, SafeFileHandle handle, SafeFileHandle? old = null, long oldLength = 0)
    {
        (Path, Handle) = (path, handle);
        (_old, _oldLength) = (old, oldLength);
    }

    public string Path { get; }

    public SafeFileHandle Handle { get; }

    /// <param name="scratch">As long as the content.</param>
    /// <returns>How many bytes were written.</returns>
    public long Write(ReadOnlySpan<byte> content, long offset, Span<byte> scratch)
    {
        var known = (int)Math.Clamp(_oldLength - offset, 0, content.Length);
        var old = _old is null || known == 0 ? [] : scratch[..ExistingFile.Read(_old, Path, scratch[..known], offset)];
        var written = 0L;
        var start = -1;
        for (var block = 0; block < content.Length; block += BlockLength)
        {
            var length = Math.Min(BlockLength, content.Length - block);
            var isSame = block + length <= old.Length && content.Slice(block, length).SequenceEqual(old.Slice(block, length));
            if (!isSame)
            {
                start = start < 0 ? block : start;
            }
            else if (start >= 0)
            {
                written += WriteRun(content[start..block], offset + start);
                start = -1;
            }
        }

        return start < 0 ? written : written + WriteRun(content[start..], offset + start);
    }

    public void Dispose()
    {
        Handle.Dispose();
        _old?.Dispose();
    }

    private int WriteRun(ReadOnlySpan<byte> run, long offset)
    {
        RestoredFiles.WriteAt(Handle, Path, run, offset);
        return run.Length;
    }
}
