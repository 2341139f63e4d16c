using Pgkeep.Posix;

namespace Pgkeep.Restore.Unpacking.Selected;

/// <summary>
/// New files that share blocks with those of the old cluster, which waits aside and is never written to. Where one file cannot be cloned, it is written as if there were no old one.
/// </summary>
internal sealed class ClonedFiles : TargetFiles
{
    private readonly FilePlaces _old;
    private readonly RealDirectories _directories = new();

    /// <param name="places">New ones.</param>
    /// <param name="old">Where the old cluster's files are now.</param>
    public ClonedFiles(RestoredFiles files, FilePlaces places, FilePlaces old)
        : base(files, places) => _old = old;

    public override bool TryKeep(string name, long size, uint crc, byte[] buffer, CancellationToken cancellationToken)
    {
        var old = _old.PathOf(name, name);
        if (FileStatus.Of(old) is not { Type: FileType.Regular } status || status.Size != size || !_directories.Hold(old, _old.RootOf(name)))
        {
            return false;
        }

        using var content = ExistingFile.TryOpenToRead(old);
        if (content is null || !HasContent(content, old, size, crc, buffer, cancellationToken))
        {
            return false;
        }

        var path = PathOf(name, name);
        Files.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = Files.CreateFile(path, name);
        if (size > 0 && !FileClone.TryClone(content, file, path))
        {
            FileSystem.Delete(path);
            return false;
        }

        RestoredFiles.CompleteKept(file, path, status.Mode, isNew: true);
        CountKept(size);
        return true;
    }

    public override TargetFile Open(string name, long size, string archive)
    {
        var path = PathOf(name, archive);
        var old = _old.PathOf(name, archive);
        var file = Files.CreateFile(path, archive);
        if (size == 0 || FileStatus.Of(old)?.Type != FileType.Regular || !_directories.Hold(old, _old.RootOf(name)) || ExistingFile.TryOpenToRead(old) is not { } content)
        {
            return new TargetFile(path, file);
        }

        if (!FileClone.TryClone(content, file, path))
        {
            content.Dispose();
            return new TargetFile(path, file);
        }

        var length = RandomAccess.GetLength(content);
        if (length > size)
        {
            ExistingFile.SetLength(file, path, size);
        }

        // Comparing with the old file, not the clone: it was read a moment ago, and is in memory.
        return new TargetFile(path, file, content, Math.Min(length, size));
    }
}
