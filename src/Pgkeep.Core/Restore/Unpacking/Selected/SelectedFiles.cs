using System.Collections.Concurrent;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository.Frames;

namespace Pgkeep.Restore.Unpacking.Selected;

/// <summary>
/// Puts together the files of one archive, each from where the manifest's table says: the old file, zeros, or the archive's own content, which is compared with the manifest's CRC-32C when
/// all of it has been written. The order in which parts are written does not matter, that in which they are completed does.
/// </summary>
internal sealed class SelectedFiles : IDisposable
{
    private readonly ManifestFiles _manifest;
    private readonly TargetFiles _target;
    private readonly string _archive;

    /// <summary>Those with content in several parts, by their numbers.</summary>
    private readonly ConcurrentDictionary<int, SharedFile<TargetFile>> _shared = new();
    private uint _crc;

    /// <param name="archive">For messages.</param>
    public SelectedFiles(ManifestFiles manifest, TargetFiles target, string archive) => (_manifest, _target, _archive) = (manifest, target, archive);

    public TargetFiles Target => _target;

    /// <exception cref="PgkeepException">The manifest has no such file, or one of another size.</exception>
    public int Find(string name, long size)
    {
        var number = _manifest.Find(name);
        return number < 0 ? throw RestoredFiles.Doctored($"\"{_archive}\" has {name}, which is not in backup_manifest")
            : _manifest[number].Size == size ? number
            : throw new PgkeepException(ErrorKind.BackupDamaged, $"\"{_archive}\": {name} has {size} bytes, and {_manifest[number].Size} by backup_manifest");
    }

    public FileOrigin OriginOf(int number) => _manifest[number].Origin;

    /// <summary>A part of a file that comes from elsewhere: nothing is needed of its content.</summary>
    /// <param name="mode">Null where the archive was not looked at.</param>
    public void Pass(FilePart part, int number, int? mode)
    {
        if (!part.IsFirst)
        {
            return;
        }

        if (_manifest[number].Origin == FileOrigin.Zeros)
        {
            _target.CreateEmptied(part.Name, part.Size, mode, _archive);
        }
        else if (_target.PathOf(part.Name, _archive) is var path && (FileStatus.Of(path) is not { Type: FileType.Regular } status || status.Size != part.Size))
        {
            throw new PgkeepException(ErrorKind.StorageFailed, $"\"{path}\" was right a moment ago, and is not any more", "see what else writes there");
        }
    }

    /// <param name="mode">Null of a part whose file began before.</param>
    /// <param name="scratch">As long as the content.</param>
    /// <returns>CRC-32C of the part.</returns>
    public uint Write(FilePart part, int number, int? mode, ReadOnlySpan<byte> content, Span<byte> scratch)
    {
        if (part.IsFirst && part.IsLast)
        {
            using var whole = _target.Open(part.Name, part.Size, _archive);
            _target.CountWritten(content.Length, whole.Write(content, 0, scratch));
            _target.Files.Complete(whole.Handle, whole.Path, mode!.Value, part.Size);
            return Crc32C.Compute(content);
        }

        var shared = _shared.GetOrAdd(number, _ => new SharedFile<TargetFile>(() => _target.Open(part.Name, part.Size, _archive), part.Size));
        _target.CountWritten(content.Length, shared.File.Write(content, part.Offset, scratch));
        if (part.IsFirst)
        {
            _target.Files.Complete(shared.File.Handle, shared.File.Path, mode!.Value, part.Size);
        }

        if (shared.IsWhole(content.Length) && _shared.TryRemove(number, out _))
        {
            shared.Dispose();
        }

        return Crc32C.Compute(content);
    }

    /// <summary>For each part in the order of the archive, by one thread at a time.</summary>
    /// <exception cref="PgkeepException">The file is not what the manifest says.</exception>
    public void Complete(SelectedPart part)
    {
        var file = _manifest[part.Number];
        if (file.Origin == FileOrigin.Backup)
        {
            _crc = part.IsFirst ? part.Crc : Crc32C.Combine(_crc, part.Crc, part.Length);
            if (part.IsLast && _crc != file.Crc)
            {
                throw new PgkeepException(
                    ErrorKind.BackupDamaged,
                    $"\"{_archive}\": {part.Name} is damaged: its checksum is {_crc:x8}, and {file.Crc:x8} by backup_manifest",
                    "restore from another backup: pgkeep list");
            }
        }

        if (part.IsLast)
        {
            _manifest.Complete(part.Number, part.Name);
        }
    }

    public void Dispose()
    {
        foreach (var left in _shared.Values)
        {
            left.Dispose();
        }
    }
}
