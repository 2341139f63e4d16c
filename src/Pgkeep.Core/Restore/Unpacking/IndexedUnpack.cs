using System.Collections.Concurrent;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Repository;
using Pgkeep.Repository.Frames;
using Pgkeep.Streams;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Restore.Unpacking;

/// <summary>
/// Unpacks an archive with several threads, frame by frame as its index says. Each frame is compared with the index while it is unpacked, and all of the
/// archive with the checksum at its end.
/// </summary>
internal sealed class IndexedUnpack : IFrameConsumer<UnpackedFrame>
{
    private readonly RestoredFiles _files;
    private readonly string _archive;
    private readonly string _target;
    private readonly string _prefix;
    private readonly FrameMembers _members;

    /// <summary>Those with content in several frames, by where in the plain tar they begin, which no two files share.</summary>
    private readonly ConcurrentDictionary<long, SharedFile> _shared = new();
    private uint _crc;
    private long _plainLength;
    private long _storedStart;
    private long _storedEnd;
    private bool _hasEnded;

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
            new ParallelFrameReader<UnpackedFrame>(file, _archive, index, codec, this).Run(jobs, cancellationToken);
            CheckEnds(file, codec);
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

    public UnpackedFrame Process(IndexedFrame frame, ReadOnlySpan<byte> plain)
    {
        var misfit = _members.Walk(frame, plain, new Visit(this, frame), out var endsTar);
        return new UnpackedFrame(Crc32.Append(0, plain), misfit, endsTar);
    }

    public void Accept(IndexedFrame frame, ReadOnlySpan<byte> stored, UnpackedFrame? result)
    {
        if (result is null)
        {
            throw Damaged($"the frame at byte {frame.StoredOffset} does not decompress");
        }

        if ((result.Misfit ?? (_hasEnded && !result.EndsTar ? "the tar goes on behind its end" : null)) is { } misfit)
        {
            throw Damaged(misfit);
        }

        _storedStart = frame.Number == 0 ? frame.StoredOffset : _storedStart;
        _storedEnd = frame.StoredOffset + frame.StoredLength;
        _hasEnded |= result.EndsTar;
        _crc = Crc32.Combine(_crc, result.Crc, frame.PlainLength);
        _plainLength += frame.PlainLength;
    }

    private void CheckEnds(SafeFileHandle file, Codec codec)
    {
        var head = Read(file, 0, _storedStart);
        var tail = Read(file, _storedEnd, RandomAccess.GetLength(file) - _storedEnd);
        if (!_hasEnded || !codec.AreEndsRight(head, tail, _crc, _plainLength))
        {
            throw Damaged(_hasEnded ? "the checksum and the length at its end are not those of its content" : "the tar in it has no end");
        }
    }

    /// <summary>What stands outside of the frames is a header or a trailer.</summary>
    private byte[] Read(SafeFileHandle file, long offset, long length)
    {
        const int most = 64 * 1024;
        var content = new byte[length is >= 0 and <= most ? length : throw Damaged("the index does not reach from its beginning to its end")];
        for (int done = 0, read; done < content.Length; done += read)
        {
            read = RandomAccess.Read(file, content.AsSpan(done), offset + done);
            _ = read > 0 ? true : throw Damaged("it ends early");
        }

        return content;
    }

    private PgkeepException Damaged(string problem) => new(
        ErrorKind.BackupDamaged, $"\"{_archive}\" cannot be unpacked by its index: {problem}", "with --jobs 1 it is unpacked without the index, which it is whole without");

    private void Write(IndexedFrame frame, FilePart part, int? mode, ReadOnlySpan<byte> content)
    {
        var path = RestoredFiles.PathOf(_target, part.Name[_prefix.Length..], _archive);
        if (part.IsFirst && part.IsLast)
        {
            using var whole = _files.CreateFile(path, _archive);
            RestoredFiles.Write(whole, path, content, 0);
            _files.Complete(whole, path, mode!.Value, part.Size);
            return;
        }

        var begin = frame.PlainOffset + part.Start - part.Offset;
        var file = _shared.GetOrAdd(begin, _ => new SharedFile(() => _files.CreateFile(path, _archive), part.Size));
        RestoredFiles.Write(file.Handle, path, content, part.Offset);
        if (part.IsFirst)
        {
            _files.Complete(file.Handle, path, mode!.Value, part.Size);
        }

        if (file.IsWhole(content.Length) && _shared.TryRemove(begin, out _))
        {
            file.Dispose();
        }
    }

    /// <summary>A file that several threads write to: whoever comes first creates it, whoever completes it closes it.</summary>
    private sealed class SharedFile(Func<SafeFileHandle> create, long size) : IDisposable
    {
        private readonly Lazy<SafeFileHandle> _handle = new(create);
        private long _left = size;

        public SafeFileHandle Handle => _handle.Value;

        public bool IsWhole(int written) => Interlocked.Add(ref _left, -written) == 0;

        public void Dispose()
        {
            if (_handle.IsValueCreated)
            {
                _handle.Value.Dispose();
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

/// <param name="Crc">CRC-32 of the frame's content.</param>
/// <param name="Misfit">Why the frame is not what the index says; null where it is.</param>
/// <param name="EndsTar">Nothing but zeros from a member's end on.</param>
internal sealed record UnpackedFrame(uint Crc, string? Misfit, bool EndsTar);
