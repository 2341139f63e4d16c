using Pgkeep.Posix;

namespace Pgkeep.Restore.Unpacking.Selected;

/// <summary>
/// The old cluster's own files, which are made into those of the backup where they lie. A file that somebody else has under another name as well is left to them: a new one takes its
/// place.
/// </summary>
internal sealed class ChangedFiles : TargetFiles
{
    private const int OwnersFile = 0b110_000_000;

    private readonly FilePlaces _places;
    private readonly Account _owner;
    private readonly RealDirectories _directories = new();

    public ChangedFiles(RestoredFiles files, FilePlaces places, Account owner)
        : base(files, places) => (_places, _owner) = (places, owner);

    public override bool TryKeep(string name, long size, uint crc, byte[] buffer, CancellationToken cancellationToken)
    {
        var path = PathOf(name, name);
        if (FileStatus.Of(path) is not { } status || status.Size != size || !IsOwn(status) || !_directories.Hold(path, _places.RootOf(name)))
        {
            return false;
        }

        using var file = ExistingFile.TryOpenToRead(path);
        if (file is null || !HasContent(file, path, size, crc, buffer, cancellationToken))
        {
            return false;
        }

        OwnGroup(path, status);
        RestoredFiles.CompleteKept(file, path, status.Mode, isNew: false);
        CountKept(size);
        return true;
    }

    public override TargetFile Open(string name, long size, string archive)
    {
        var path = PathOf(name, archive);
        if (FileStatus.Of(path) is { } status)
        {
            if (IsOwn(status) && ExistingFile.TryOpenToChange(path) is { } file)
            {
                OwnGroup(path, status);
                if (status.Size > size)
                {
                    ExistingFile.SetLength(file, path, size);
                }

                return new TargetFile(path, file, file, Math.Min(status.Size, size));
            }

            // Whatever else is there was to be removed before, but for a file of somebody else.
            FileSystem.Delete(path);
        }

        return new TargetFile(path, Files.CreateFile(path, archive));
    }

    private bool IsOwn(FileStatus status) =>
        status is { Type: FileType.Regular, LinkCount: 1 } && status.UserId == _owner.UserId && (status.Mode & OwnersFile) == OwnersFile;

    private void OwnGroup(string path, FileStatus status)
    {
        if (status.GroupId != _owner.GroupId)
        {
            Files.Own(path);
        }
    }
}
