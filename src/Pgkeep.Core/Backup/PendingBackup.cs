using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>
/// A backup while it is made: a directory with a dot-name, which <see cref="Publish"/> turns into a backup with one rename, after everything in
/// it is durable. Disposed before that, or killed and found by the next run, it disappears.
/// </summary>
internal sealed class PendingBackup : IDisposable
{
    private readonly RepositoryLayout _layout;
    private readonly List<FileChecksum> _files = [];
    private bool _published;

    private PendingBackup(RepositoryLayout layout, string directory)
    {
        _layout = layout;
        Directory = directory;
    }

    public string Directory { get; }

    public long StoredBytes { get; private set; }

    /// <param name="name">The final one, which also makes the dot-name recognisable to a person.</param>
    public static PendingBackup Create(RepositoryLayout layout, BackupName name)
    {
        BackupRemoval.RemoveLeftovers(layout);
        var directory = Path.Combine(layout.BackupDirectory, $".{name}.{Environment.ProcessId:x}");
        FileSystem.CreateDirectory(directory, 0b111_000_000);
        return new PendingBackup(layout, directory);
    }

    public PendingFile CreateFile(string name) => new(Path.Combine(Directory, name), Complete);

    public void WriteFile(string name, ReadOnlySpan<byte> content)
    {
        using var file = CreateFile(name);
        file.Write(content);
        file.Complete();
    }

    /// <summary>Writes the list of checksums, which makes the directory a whole backup, and makes it durable.</summary>
    public void Seal()
    {
        WriteFile(RepositoryLayout.ChecksumsName, new ChecksumList([.. _files]).ToBytes());
        FileSystem.SyncDirectory(Directory);
    }

    /// <summary>Gives it its name, which was free when the backup began and is, under the repository's lock, still.</summary>
    public void Publish(BackupName wanted)
    {
        var path = Path.Combine(_layout.BackupDirectory, wanted.ToString());
        if (!FileSystem.TryRenameNew(Directory, path))
        {
            throw new PgkeepException(ErrorKind.StorageFailed, $"\"{wanted}\" appeared in \"{_layout.BackupDirectory}\" while the backup ran");
        }

        try
        {
            FileSystem.SyncDirectory(_layout.BackupDirectory);
        }
        catch (PgkeepException)
        {
            // A name that a crash may take back is none: the command fails, and nobody shall find a backup that it did not report.
            FileSystem.Rename(path, Directory);
            throw;
        }

        _published = true;
        LatestLink.PointTo(_layout, wanted);
    }

    public void Dispose()
    {
        if (!_published)
        {
            try
            {
                BackupRemoval.RemoveTree(Directory);
            }
            catch (PgkeepException)
            {
                // The failure that brought us here is the one to report; the next run removes what is left.
            }
        }
    }

    private void Complete(PendingFile file)
    {
        _files.Add(new FileChecksum(Path.GetFileName(file.Path), file.Digest));
        StoredBytes += file.Length;
    }
}
