using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Repository.Frames;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Restore.Unpacking.Selected;

/// <summary>The same as <see cref="SelectedUnpack"/> by one thread, which reads an archive from its beginning to its end and needs no index.</summary>
internal sealed class SelectedTar
{
    private const int BufferLength = 1024 * 1024;

    private readonly SelectedFiles _files;
    private readonly string _archive;
    private readonly string _prefix;
    private readonly byte[] _buffer = new byte[BufferLength];
    private readonly byte[] _scratch = new byte[BufferLength];

    /// <param name="archive">Its path.</param>
    /// <param name="prefix">See <see cref="FrameMembers"/>.</param>
    public SelectedTar(SelectedFiles files, string archive, string prefix) => (_files, _archive, _prefix) = (files, archive, prefix);

    /// <exception cref="PgkeepException">Archive and manifest do not fit, or something cannot be read or written.</exception>
    public void Run(Codec codec, CancellationToken cancellationToken)
    {
        try
        {
            using var file = new FileStream(_archive, FileMode.Open, FileAccess.Read, FileShare.Read, BufferLength, FileOptions.SequentialScan);
            using var plain = codec.Decompress(file);
            var tar = new TarReader(plain, _archive);
            while (tar.Next() is { } entry)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Take(tar, entry, cancellationToken);
            }

            // The tar ends before the file does: the checksum over everything, where a codec has one, is compared at the file's end.
            while (plain.Read(_buffer) > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch (InvalidDataException damaged)
        {
            throw new PgkeepException(ErrorKind.BackupDamaged, $"\"{_archive}\" cannot be decompressed", damaged);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", _archive);
        }
    }

    private void Take(TarReader tar, TarEntry entry, CancellationToken cancellationToken)
    {
        var name = _prefix + entry.Name;
        switch (entry.Type)
        {
            case TarEntryType.Directory:
                _files.Target.Files.AddDirectory(_files.Target.PathOf(name, _archive), entry.Mode);
                break;
            case TarEntryType.File:
                TakeFile(tar, name, entry, cancellationToken);
                break;
            default:
                throw RestoredFiles.Doctored($"\"{_archive}\" has a link \"{entry.Name}\", and a backup has none");
        }
    }

    private void TakeFile(TarReader tar, string name, TarEntry entry, CancellationToken cancellationToken)
    {
        var number = _files.Find(name, entry.Size);
        if (_files.OriginOf(number) != FileOrigin.Backup)
        {
            _files.Pass(new FilePart(name, entry.Size, 0, 0, 0), number, entry.Mode);
            _files.Complete(new SelectedPart(number, name, 0, 0, IsFirst: true, IsLast: true));
            return;
        }

        for (var offset = 0L; ;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var length = Fill(tar, (int)Math.Min(BufferLength, entry.Size - offset));
            var part = new FilePart(name, entry.Size, offset, 0, length);
            var crc = _files.Write(part, number, part.IsFirst ? entry.Mode : null, _buffer.AsSpan(0, length), _scratch);
            _files.Complete(new SelectedPart(number, name, crc, length, part.IsFirst, part.IsLast));
            offset += length;
            if (part.IsLast)
            {
                return;
            }
        }
    }

    private int Fill(TarReader tar, int length)
    {
        var filled = 0;
        for (int read; filled < length; filled += read)
        {
            read = tar.Read(_buffer.AsSpan(filled, length - filled));
            if (read == 0)
            {
                throw new PgkeepException(ErrorKind.BackupDamaged, $"\"{_archive}\" ends early");
            }
        }

        return filled;
    }
}
