using System.Buffers;
using Pgkeep.Backup.Frames;
using Pgkeep.Diagnostics;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup.Streamed;

/// <summary>
/// Cuts a tar that PostgreSQL sends into frames while it arrives. A stream has one reader, so whichever worker asks next reads while the others
/// compress; what waits in memory is bounded by the frames under way.
/// </summary>
internal sealed class TarFrames : IFrameJobs
{
    private readonly Lock _lock = new();
    private readonly TarReader _tar;
    private readonly string _prefix;
    private readonly StreamedMembers _members;
    private TarEntry? _ahead;
    private CopyItem? _file;
    private long _offset;
    private long _number;
    private bool _hasEnded;

    /// <param name="prefix">What the names in the tar lack to be those of the manifest: <c>pg_tblspc/OID/</c>, or nothing.</param>
    /// <param name="members">Takes what does not go into the archive as it comes.</param>
    public TarFrames(TarReader tar, string prefix, StreamedMembers members)
    {
        _tar = tar;
        _prefix = prefix;
        _members = members;
    }

    public string TarNameOf(CopyItem item) => item.Name[_prefix.Length..];

    public IEnumerable<OpenFile?> Open(SmallFilesJob job)
    {
        var contents = ((HeldFilesJob)job).Contents;
        for (var i = 0; i < contents.Count; i++)
        {
            if (contents[i] is { } content)
            {
                yield return new OpenFile(content, job.Items[i], TarNameOf(job.Items[i]));
            }
        }
    }

    public FrameJob? Take()
    {
        lock (_lock)
        {
            return TakePiece() ?? TakeFiles();
        }
    }

    /// <summary>The stream is the caller's, and pieces that were handed out belong to whoever has them.</summary>
    public void Dispose()
    {
    }

    private PieceJob? TakePiece()
    {
        if (_file is not { } item)
        {
            return null;
        }

        var length = (int)Math.Min(FrameQueue.FrameLength, item.Status.Size - _offset);
        var file = OpenFile.OfPiece(ReadContent(item.Status.Size, _offset, length), item, TarNameOf(item), length);
        var job = new PieceJob(_number++, file, _offset, length);
        _offset += length;
        _file = job.IsLast ? null : item;
        return job;
    }

    private FrameJob? TakeFiles()
    {
        var items = new List<CopyItem>();
        var contents = new List<HeldContent?>();
        for (var length = 0L; length < FrameQueue.FrameLength && Next() is { } entry;)
        {
            var item = ItemOf(entry);
            if (entry.Type != TarEntryType.Directory && entry.Size > FrameQueue.SmallFileLength)
            {
                if (items.Count > 0)
                {
                    _ahead = entry;
                    break;
                }

                _file = item;
                _offset = 0;
                return TakePiece();
            }

            items.Add(item);
            contents.Add(entry.Type == TarEntryType.Directory ? null : ReadContent(entry.Size, 0, (int)entry.Size));
            length += TarHeader.Length + TarHeader.Padded(item.Status.Size);
        }

        return items.Count > 0 ? new HeldFilesJob(_number++, items, contents) : null;
    }

    /// <summary>The next member that goes into the archive.</summary>
    private TarEntry? Next()
    {
        if (_ahead is { } ahead)
        {
            _ahead = null;
            return ahead;
        }

        while (!_hasEnded)
        {
            if (_tar.Next() is not { } entry)
            {
                _hasEnded = true;
                break;
            }

            entry = entry with { Name = _prefix + (entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name) };
            if (!_members.TryTake(entry, _tar))
            {
                return entry.Type == TarEntryType.SymbolicLink
                    ? throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server sent \"{entry.Name}\" as a link, which no base backup of its own has")
                    : entry;
            }
        }

        return null;
    }

    private HeldContent ReadContent(long size, long offset, int length)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(Math.Max(1, length));
        for (var read = 0; read < length;)
        {
            read += _tar.Read(bytes.AsSpan(read, length - read));
        }

        return new HeldContent(bytes, size, offset, length);
    }

    private static CopyItem ItemOf(TarEntry entry) => new(entry.Name, StreamedMembers.StatusOf(entry));
}
