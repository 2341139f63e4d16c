using System.Buffers;
using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Repository;
using Pgkeep.Repository.Frames;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Restore.Unpacking.Selected;

/// <summary>
/// Unpacks from an archive what does not come from elsewhere. With an index, frames that hold nothing but such files are not even read; what they say of directories is never passed over.
/// Whatever is written is compared with the index, and with the manifest.
/// </summary>
internal sealed class SelectedUnpack : IFrameConsumer<SelectedFrame>
{
    private readonly SelectedFiles _files;
    private readonly string _archive;
    private readonly string _prefix;
    private readonly FrameMembers _members;
    private readonly Codec _codec;
    private UnpackedRange? _all;
    private bool _isWhole = true;

    /// <param name="archive">Its path.</param>
    /// <param name="prefix">See <see cref="FrameMembers"/>.</param>
    public SelectedUnpack(SelectedFiles files, string archive, string prefix, Codec codec)
    {
        _files = files;
        _archive = archive;
        _prefix = prefix;
        _members = new FrameMembers(prefix);
        _codec = codec;
    }

    /// <exception cref="PgkeepException">Archive, index and manifest do not fit, or something cannot be read or written.</exception>
    public void Run(int jobs, CancellationToken cancellationToken)
    {
        try
        {
            using var file = File.OpenHandle(_archive, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan);
            using var index = new FrameIndexReader(ArchiveNames.IndexOf(_archive));
            new ParallelFrameReader<SelectedFrame>(file, _archive, index, _codec, this).Run(jobs, cancellationToken);
            ArchiveEnds.Require(file, _archive, _codec, _all ?? throw ArchiveEnds.Damaged(_archive, "the index has no frame"), _isWhole);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", _archive);
        }
    }

    /// <summary>Only where the index leaves no room for anything else in the frame: a directory, or a name too long for a plain header, is read.</summary>
    public SelectedFrame? PassOver(IndexedFrame frame)
    {
        if (frame.Parts.Count == 0 || !HoldsFilesOnly(frame) || frame.Parts.Any(part => !part.Name.StartsWith(_prefix, StringComparison.Ordinal)))
        {
            return null;
        }

        var result = new SelectedFrame { IsPassedOver = true };
        foreach (var part in frame.Parts)
        {
            var number = _files.Find(part.Name, part.Size);
            if (_files.OriginOf(number) == FileOrigin.Backup)
            {
                return null;
            }

            result.Parts.Add(new SelectedPart(number, part.Name, 0, part.Length, part.IsFirst, part.IsLast));
        }

        for (var i = 0; i < frame.Parts.Count; i++)
        {
            _files.Pass(frame.Parts[i], result.Parts[i].Number, mode: null);
        }

        return result;
    }

    public SelectedFrame Process(IndexedFrame frame, ReadOnlySpan<byte> plain)
    {
        var result = new SelectedFrame { Checksum = _codec.ChecksumOf(plain) };
        var scratch = ArrayPool<byte>.Shared.Rent(plain.Length);
        try
        {
            result.Misfit = _members.Walk(frame, plain, new Visit(this, result, scratch), out var endsTar);
            result.EndsTar = endsTar;
            return result;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    public void Accept(IndexedFrame frame, ReadOnlySpan<byte> stored, SelectedFrame? result)
    {
        if (result is null)
        {
            throw ArchiveEnds.Damaged(_archive, $"the frame at byte {frame.StoredOffset} does not decompress");
        }

        if (result.Misfit is { } misfit)
        {
            throw ArchiveEnds.Damaged(_archive, misfit);
        }

        foreach (var part in result.Parts)
        {
            _files.Complete(part);
        }

        var range = UnpackedRange.Of(frame, result.Checksum, result.EndsTar);
        _all = _all is { } before ? before.TryAppend(range, _codec) ?? throw ArchiveEnds.Damaged(_archive, "the index has a gap") : range;
        _isWhole &= !result.IsPassedOver;
    }

    /// <summary>Whether nothing lies between the parts but a header of one block for each file that begins here, and the padding behind each that ends.</summary>
    private static bool HoldsFilesOnly(IndexedFrame frame)
    {
        var position = 0;
        foreach (var part in frame.Parts)
        {
            if (part.Start != position + (part.IsFirst ? TarHeader.Length : 0))
            {
                return false;
            }

            position = part.Start + part.Length;
            position += part.IsLast ? (int)((TarHeader.Length - (part.Size % TarHeader.Length)) % TarHeader.Length) : 0;
        }

        return position == frame.PlainLength;
    }

    private sealed class Visit(SelectedUnpack unpack, SelectedFrame result, byte[] scratch) : IFrameVisitor
    {
        public string? VisitDirectory(ReadOnlySpan<byte> name, int mode)
        {
            var target = unpack._files.Target;
            target.Files.AddDirectory(target.PathOf(unpack._prefix + Encoding.UTF8.GetString(name), unpack._archive), mode);
            return null;
        }

        public string? Expect(FilePart part) => part.Name.StartsWith(unpack._prefix, StringComparison.Ordinal) ? null : $"the index has {part.Name}, which lies elsewhere";

        public string? VisitPart(FilePart part, int number, int? mode, ReadOnlySpan<byte> content)
        {
            var file = unpack._files.Find(part.Name, part.Size);
            var crc = 0u;
            if (unpack._files.OriginOf(file) == FileOrigin.Backup)
            {
                crc = unpack._files.Write(part, file, mode, content, scratch);
            }
            else
            {
                unpack._files.Pass(part, file, mode);
            }

            result.Parts.Add(new SelectedPart(file, part.Name, crc, part.Length, part.IsFirst, part.IsLast));
            return null;
        }
    }
}
