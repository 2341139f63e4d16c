using System.Collections.Concurrent;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Repository;
using Pgkeep.Repository.Frames;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Restore.Unpacking;

/// <summary>
/// Unpacks an archive with several threads, frame by frame as its index says. Each frame is compared with the index while it is unpacked, and all of the
/// archive with the checksum at its end.
/// </summary>
internal sealed class IndexedUnpack
{
    private readonly RestoredFiles _files;
    private readonly string _archive;
    private readonly string _target;
    private readonly string _prefix;
    private readonly FrameMembers _members;

    /// <summary>Those with content in several frames, by where in the plain tar they begin, which no two files share.</summary>
    private readonly ConcurrentDictionary<long, SharedFile<SafeFileHandle>> _shared = new();

    /// <param name="archive">Its path.</param>
    /// <param name="prefix">See <see cref="FrameMembers"/>.</param>
    /// <param name="target">A directory.</param>
    public IndexedUnpack(RestoredFiles files, string archive, string prefix, string target)
    {
        _files = files;
        _archive = archive;
        _target = target;
        _prefix = prefix;
        _members = new FrameMembers(prefix);
    }

    /// <exception cref="PgkeepException">Archive and index do not fit, or something cannot be read or written.</exception>
    public void Run(Codec codec, int jobs, CancellationToken cancellationToken)
    {
        try
        {
            using var file = File.OpenHandle(_archive, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan);
            using var index = new FrameIndexReader(ArchiveNames.IndexOf(_archive));
            IReadOnlyList<Worker> workers = [.. Enumerable.Range(0, jobs).Select(_ => new Worker(this, codec))];
            new FrameRunReader(file, _archive, index, codec).Run(workers, cancellationToken);
            ArchiveEnds.Require(file, _archive, codec, UnpackedRange.Join(workers.SelectMany(worker => worker.Ranges), codec));
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", _archive);
        }
        finally
        {
            foreach (var left in _shared.Values)
            {
                left.Dispose();
            }
        }
    }

    private void Write(IndexedFrame frame, FilePart part, int? mode, ReadOnlySpan<byte> content)
    {
        var path = RestoredFiles.PathOf(_target, part.Name[_prefix.Length..], _archive);
        if (part.IsFirst && part.IsLast)
        {
            using var whole = _files.CreateFile(path, _archive);
            _files.Write(whole, path, content, 0);
            _files.Complete(whole, path, mode!.Value, part.Size);
            return;
        }

        var begin = frame.PlainOffset + part.Start - part.Offset;
        var file = _shared.GetOrAdd(begin, _ => new SharedFile<SafeFileHandle>(() => _files.CreateFile(path, _archive), part.Size));
        _files.Write(file.File, path, content, part.Offset);
        // The disk is busy while the next frames are unpacked, and has less to do at the end; nobody relies on it.
        FileSystem.BeginWriteBack(file.File, part.Offset, content.Length);
        if (part.IsFirst)
        {
            _files.Complete(file.File, path, mode!.Value, part.Size);
        }

        if (file.IsWhole(content.Length) && _shared.TryRemove(begin, out _))
        {
            file.Dispose();
        }
    }

    /// <summary>One thread's work, and what it saw of the archive.</summary>
    private sealed class Worker(IndexedUnpack unpack, Codec codec) : IFrameWorker
    {
        private readonly List<UnpackedRange> _ranges = [];

        public IEnumerable<UnpackedRange> Ranges => _ranges;

        public void Process(IndexedFrame frame, ReadOnlySpan<byte> plain, bool isWhole)
        {
            if (!isWhole)
            {
                throw ArchiveEnds.Damaged(unpack._archive, $"the frame at byte {frame.StoredOffset} does not decompress");
            }

            if (unpack._members.Walk(frame, plain, new Visit(unpack, frame), out var endsTar) is { } misfit)
            {
                throw ArchiveEnds.Damaged(unpack._archive, misfit);
            }

            var range = UnpackedRange.Of(frame, codec.ChecksumOf(plain), endsTar);
            if (_ranges is [.., var last] && last.TryAppend(range, codec) is { } longer)
            {
                _ranges[^1] = longer;
            }
            else
            {
                _ranges.Add(range);
            }
        }
    }

    private sealed class Visit(IndexedUnpack unpack, IndexedFrame frame) : IFrameVisitor
    {
        public string? VisitDirectory(ReadOnlySpan<byte> name, int mode)
        {
            unpack._files.AddDirectory(RestoredFiles.PathOf(unpack._target, Encoding.UTF8.GetString(name), unpack._archive), mode);
            return null;
        }

        public string? Expect(FilePart part) => part.Name.StartsWith(unpack._prefix, StringComparison.Ordinal) ? null : $"the index has {part.Name}, which lies elsewhere";

        public string? VisitPart(FilePart part, int number, int? mode, ReadOnlySpan<byte> content)
        {
            unpack.Write(frame, part, mode, content);
            return null;
        }
    }
}
