using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository.Frames;
using Pgkeep.Streams;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Verify.Deep;

/// <summary>
/// Checks an archive frame by frame, in parallel: each frame decompresses, its tar headers are what the index says, its pages fit; then, in order,
/// SHA-256 over what is stored, CRC-32 over what it holds, and each file against the manifest. The index is believed in nothing: the tar must agree.
/// </summary>
internal sealed class IndexedArchiveCheck : IFrameConsumer<FrameFindings>, IDisposable
{
    /// <summary>What a codec may have before the first frame or behind the last.</summary>
    private const int MaxEndLength = 64 * 1024;

    private const int BufferLength = 1024 * 1024;
    private const int MaxNames = 3;

    private readonly DeepArchive _archive;
    private readonly RelationPages _pages;
    private readonly ManifestComparison _manifest;
    private readonly ProblemList _problems;
    private readonly FrameMembers _members;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly SafeFileHandle _file;
    private byte[] _head = [];
    private uint _crc;
    private long _plainLength;
    private long _storedEnd;
    private long _promisedEnd;
    private uint? _fileCrc;
    private bool _hasEnded;
    private readonly List<string> _cutOffNames = [];
    private long _cutOffCount;
    private bool _hasLosses;
    private string? _misfit;
    private byte[]? _control;

    /// <exception cref="PgkeepException">The archive cannot be opened.</exception>
    public IndexedArchiveCheck(DeepArchive archive, RelationPages pages, ManifestComparison manifest, ProblemList problems)
    {
        _archive = archive;
        _pages = pages;
        _manifest = manifest;
        _problems = problems;
        _members = new FrameMembers(archive.Prefix);
        try
        {
            _file = File.OpenHandle(archive.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "open", archive.Path);
        }
    }

    /// <exception cref="PgkeepException">The index is damaged, or a file cannot be read.</exception>
    public ArchiveOutcome Run(FrameIndexReader index, Codec codec, int jobs, CancellationToken cancellationToken)
    {
        new ParallelFrameReader<FrameFindings>(_file, _archive.Path, index, codec, this).Run(jobs, cancellationToken);
        CheckEnds(codec);
        var digest = new Sha256Digest(_hash.GetHashAndReset());
        if (_archive.Stored is not { } stored || digest == stored)
        {
            return Outcome(_misfit);
        }

        _problems.Add($"\"{_archive.Path}\" is damaged: its checksum is {digest}, stored was {stored}");
        if (_misfit is not null && !_hasLosses)
        {
            _problems.Add($"\"{_archive.Path}\": {_misfit}");
        }

        return Outcome(null);
    }

    public FrameFindings Process(IndexedFrame frame, ReadOnlySpan<byte> plain)
    {
        var visit = new Visit(_pages, frame.Parts.Count);
        var misfit = _members.Walk(frame, plain, visit, out var endsTar);
        return new FrameFindings
        {
            Crc = Crc32.Append(0, plain),
            PartCrcs = visit.Crcs,
            Misfit = misfit,
            EndsTar = endsTar,
            Control = visit.Control,
            PageProblems = visit.PageProblems,
        };
    }

    public void Accept(IndexedFrame frame, ReadOnlySpan<byte> stored, FrameFindings? result)
    {
        if (frame.Number == 0)
        {
            _head = HashFrom(0, Math.Min(frame.StoredOffset, MaxEndLength));
        }

        _hash.AppendData(stored);
        // Of a frame that begins behind the archive's end, nothing was read.
        _promisedEnd = frame.StoredOffset + frame.StoredLength;
        _storedEnd = stored.IsEmpty ? _storedEnd : frame.StoredOffset + stored.Length;
        if (result is null)
        {
            AddLoss(frame, stored.Length);
        }
        else
        {
            _misfit ??= result.Misfit ?? (_hasEnded && !result.EndsTar ? "the tar goes on behind its end" : null);
            foreach (var problem in result.PageProblems)
            {
                _problems.Add($"\"{_archive.Path}\": {problem}");
            }

            _hasEnded |= result.EndsTar;
            _crc = Crc32.Combine(_crc, result.Crc, frame.PlainLength);
        }

        _plainLength += frame.PlainLength;
        for (var i = 0; i < frame.Parts.Count; i++)
        {
            AcceptPart(frame.Parts[i], result?.Misfit is null ? result?.PartCrcs[i] : null, result?.Control);
        }
    }

    public void Dispose()
    {
        _hash.Dispose();
        _file.Dispose();
    }

    private void AddLoss(IndexedFrame frame, int length)
    {
        _hasLosses = true;
        _misfit ??= $"the frame at byte {frame.StoredOffset} does not decompress";
        if (length < frame.StoredLength)
        {
            var lost = frame.Parts.Where(part => part.IsFirst || _cutOffCount == 0).Select(part => part.Name).ToList();
            _cutOffNames.AddRange(lost.Take(MaxNames - _cutOffNames.Count));
            _cutOffCount += lost.Count;
            return;
        }

        _problems.Add($"\"{_archive.Path}\" is damaged between byte {frame.StoredOffset} and {_storedEnd}: {Lost(frame.Parts.Select(part => part.Name), frame.Parts.Count)}");
    }

    private static string Lost(IEnumerable<string> names, long count)
    {
        var more = count > MaxNames ? $" and {count - MaxNames} more" : "";
        return count == 0 ? "nothing but directories is lost" : $"{string.Join(", ", names.Take(MaxNames))}{more} cannot be read";
    }

    private void AcceptPart(FilePart part, uint? crc, byte[]? control)
    {
        _fileCrc = part.IsFirst ? crc
            : crc is { } next && _fileCrc is { } before ? Crc32C.Combine(before, next, part.Length)
            : null;
        // Only as the very last file it is what makes a cut archive harmless.
        _control = part.Name == ControlFileReader.RelativePath ? control : null;
        if (part.IsLast)
        {
            _manifest.Add(_archive.Path, part.Name, part.Size, _fileCrc);
        }
    }

    private void CheckEnds(Codec codec)
    {
        var length = Math.Max(0, RandomAccess.GetLength(_file) - _storedEnd);
        var tail = HashFrom(_storedEnd, length);
        if (!_hasLosses && (length > MaxEndLength || !codec.AreEndsRight(_head, tail, _crc, _plainLength)))
        {
            _misfit ??= "the checksum and the length at its end are not those of its content";
        }

        if (_storedEnd < _promisedEnd)
        {
            _problems.Add($"\"{_archive.Path}\" is cut short at byte {_storedEnd}: {Lost(_cutOffNames, _cutOffCount)}");
        }

        if (!_hasLosses && !_hasEnded)
        {
            _misfit ??= "the tar in it has no end";
        }
    }

    private ArchiveOutcome Outcome(string? indexProblem) =>
        new() { IsComplete = !_hasLosses && _misfit is null, Control = _control, IndexProblem = indexProblem };

    /// <returns>The first of the bytes.</returns>
    private byte[] HashFrom(long offset, long length)
    {
        try
        {
            var first = new byte[Math.Min(length, MaxEndLength)];
            var buffer = new byte[(int)Math.Min(length, BufferLength)];
            for (var done = 0L; done < length;)
            {
                var read = RandomAccess.Read(_file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - done)), offset + done);
                if (read == 0)
                {
                    break;
                }

                if (done < first.Length)
                {
                    buffer.AsSpan(0, (int)Math.Min(read, first.Length - done)).CopyTo(first.AsSpan((int)done));
                }

                _hash.AppendData(buffer.AsSpan(0, read));
                done += read;
            }

            return first;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", _archive.Path);
        }
    }

    private sealed class Visit(RelationPages pages, int parts) : IFrameVisitor
    {
        public uint[] Crcs { get; } = new uint[parts];

        public List<string> PageProblems { get; } = [];

        public byte[]? Control { get; private set; }

        public string? VisitDirectory(ReadOnlySpan<byte> name, int mode) => null;

        public string? Expect(FilePart part) => pages.IsAligned(part.Name, part.Offset) ? null : $"a page of {part.Name} lies in two frames";

        public string? VisitPart(FilePart part, int number, int? mode, ReadOnlySpan<byte> content)
        {
            Crcs[number] = Crc32C.Compute(content);
            pages.Check(part.Name, content, part.Offset, PageProblems.Add);
            Control = part.Name == ControlFileReader.RelativePath ? content.ToArray() : Control;
            return null;
        }
    }
}
