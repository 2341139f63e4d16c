using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Restore.Unpacking.Selected;

namespace Pgkeep.Restore.InPlace;

/// <summary>
/// Removes from a cluster's directories what a backup does not have, or has as something else: files, whole directories, and links. Links are never followed, but for a <c>pg_wal</c> that
/// lies elsewhere, which stays where it is and is emptied. What a backup can tell nothing of stays: links at the top of the data directory, whose server's backup passes over them.
/// </summary>
internal sealed class OldFileRemoval
{
    private const string WalFolder = "pg_wal";

    /// <summary>What a file system that begins at the data directory has of its own.</summary>
    private const string LostAndFound = "lost+found";

    /// <summary>What makes a server start otherwise than the restored files say, as a link too.</summary>
    private static readonly HashSet<string> Signals = [RecoverySettings.SignalName, "standby.signal", "backup_label", "tablespace_map", "postmaster.pid", "postmaster.opts"];

    private readonly ManifestFiles _files;
    private readonly CancellationToken _cancellationToken;

    public OldFileRemoval(ManifestFiles files, CancellationToken cancellationToken) => (_files, _cancellationToken) = (files, cancellationToken);

    public void ClearDataDirectory(string path)
    {
        foreach (var entry in Entries(path))
        {
            switch (FileStatus.Of(entry.Path)?.Type)
            {
                case FileType.Directory when entry.Name == LostAndFound:
                    break;
                case FileType.SymbolicLink when entry.Name == WalFolder && FileStatus.OfTarget(entry.Path)?.Type == FileType.Directory:
                    Empty(FileSystem.Resolve(entry.Path));
                    break;
                case FileType.SymbolicLink when !_files.Contains(entry.Name) && !_files.HasDirectory(entry.Name) && !Signals.Contains(entry.Name):
                    break;
                default:
                    ClearEntry(entry.Path, entry.Name);
                    break;
            }
        }
    }

    /// <param name="path">A tablespace's version directory, there or not.</param>
    /// <param name="name">What its files' names in the manifest begin with, without a slash at the end.</param>
    public void ClearTablespace(string path, string name)
    {
        if (FileStatus.Of(path)?.Type == FileType.Directory)
        {
            Clear(path, name);
        }
    }

    /// <summary>Removes a directory with all that is in it; one that something is mounted on stays, empty.</summary>
    public void Remove(string path)
    {
        if (FileStatus.Of(path)?.Type != FileType.Directory)
        {
            FileSystem.Delete(path);
            return;
        }

        Empty(path);
        if (!FileSystem.IsMountPoint(path))
        {
            FileSystem.TryRemoveDirectory(path);
        }
    }

    private void Clear(string path, string name)
    {
        foreach (var entry in Entries(path))
        {
            ClearEntry(entry.Path, $"{name}/{entry.Name}");
        }
    }

    private void ClearEntry(string path, string name)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        switch (FileStatus.Of(path)?.Type)
        {
            case FileType.Directory when _files.HasDirectory(name):
                Clear(path, name);
                break;
            case FileType.Regular when _files.Contains(name) && name != ControlFileReader.RelativePath:
                break;
            default:
                Remove(path);
                break;
        }
    }

    private void Empty(string path)
    {
        foreach (var entry in Entries(path))
        {
            _cancellationToken.ThrowIfCancellationRequested();
            Remove(entry.Path);
        }
    }

    /// <summary>All at once: what is removed meanwhile must not confuse the listing.</summary>
    private static List<(string Path, string Name)> Entries(string path)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(path).Select(entry => (entry, Path.GetFileName(entry)))];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", path);
        }
    }
}
