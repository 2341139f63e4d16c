using Pgkeep.Backup.Sources;
using Pgkeep.Posix;

namespace Pgkeep.Backup.Frames;

/// <summary>Cuts what a walk finds into frames, one at a time for whichever worker asks next.</summary>
internal sealed class FrameQueue : IFrameJobs
{
    /// <summary>
    /// Plain bytes in a frame. Small enough for a processor's own cache, a multiple of every page size, and large enough that beginning without
    /// history costs no measurable ratio.
    /// </summary>
    public const int FrameLength = 1024 * 1024;

    /// <summary>A larger file has its frames for itself.</summary>
    public const long SmallFileLength = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly IServerFiles _files;
    private readonly IEnumerator<CopyItem> _items;
    private readonly int _skip;
    private CopyItem? _ahead;
    private OpenFile? _file;
    private long _offset;
    private long _number;

    /// <param name="skip">How much of an item's name is not part of its name in the tar.</param>
    public FrameQueue(IServerFiles files, IEnumerable<CopyItem> items, int skip)
    {
        _files = files;
        _items = items.GetEnumerator();
        _skip = skip;
    }

    public string TarNameOf(CopyItem item) => item.Name[_skip..];

    public IEnumerable<OpenFile?> Open(SmallFilesJob job)
    {
        var number = 0;
        IReadOnlyList<CopyItem> small = [.. job.Items.Where(item => item.Status.Type != FileType.Directory)];
        foreach (var content in _files.OpenSmall(small))
        {
            var item = small[number++];
            yield return content is null ? null : new OpenFile(content, item, TarNameOf(item), item.Status.Size + FrameLength);
        }
    }

    public FrameJob? Take()
    {
        lock (_lock)
        {
            return TakePiece() ?? TakeFiles();
        }
    }

    public void Dispose()
    {
        _items.Dispose();
        _file?.Dispose();
    }

    private static bool IsLarge(CopyItem item) => item.Status.Type == FileType.Regular && item.Status.Size > SmallFileLength;

    private PieceJob? TakePiece()
    {
        if (_file is not { } file)
        {
            return null;
        }

        var length = (int)Math.Min(FrameLength, file.Size - _offset);
        var job = new PieceJob(_number++, file, _offset, length);
        _offset += length;
        _file = job.IsLast ? null : file;
        return job;
    }

    private FrameJob? TakeFiles()
    {
        var batch = new List<CopyItem>();
        var length = 0L;
        while (length < FrameLength && Next() is { } item)
        {
            if (!IsLarge(item))
            {
                batch.Add(item);
                length += Streams.Tar.TarHeader.Length + Streams.Tar.TarHeader.Padded(item.Status.Size);
                continue;
            }

            if (batch.Count > 0)
            {
                _ahead = item;
                break;
            }

            if (_files.TryOpen(item.Name) is { } content)
            {
                _file = new OpenFile(content, item, TarNameOf(item));
                _offset = 0;
                return TakePiece();
            }
        }

        return batch.Count > 0 ? new SmallFilesJob(_number++, batch) : null;
    }

    private CopyItem? Next()
    {
        if (_ahead is { } item)
        {
            _ahead = null;
            return item;
        }

        return _items.MoveNext() ? _items.Current : null;
    }
}
