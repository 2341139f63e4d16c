using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Storage.Local;

/// <summary>Objects are files below one directory, written as <see cref="DurableFile"/> does. The directory itself must exist.</summary>
internal sealed class LocalStorage : IStorage
{
    private readonly string _root;

    public LocalStorage(string root) => _root = root;

    public string Describe(string name) => Path.Combine(_root, name);

    public ValueTask<Stream?> OpenReadAsync(string name, CancellationToken cancellationToken)
    {
        var path = Describe(name);
        try
        {
            return ValueTask.FromResult<Stream?>(new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.Open,
                Access = FileAccess.Read,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
                Options = FileOptions.SequentialScan,
            }));
        }
        catch (FileNotFoundException)
        {
            return ValueTask.FromResult<Stream?>(null);
        }
        catch (DirectoryNotFoundException) when (Directory.Exists(_root))
        {
            return ValueTask.FromResult<Stream?>(null);
        }
        catch (DirectoryNotFoundException thrown)
        {
            throw new PgkeepException(
                ErrorKind.RepositoryMissing,
                $"the directory \"{_root}\" does not exist",
                thrown,
                "check BACKUP_DIR and WAL_ARCHIVE_DIR (pgkeep config show), and that the disk is mounted");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "open", path);
        }
    }

    public ValueTask<bool> TryCreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        using var file = DurableFile.Create(Describe(name));
        file.Write(content.Span);
        return ValueTask.FromResult(file.PublishNew());
    }

    public ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        DurableFile.Replace(Describe(name), content.Span);
        return ValueTask.CompletedTask;
    }

    public ValueTask ConfirmAsync(string name, CancellationToken cancellationToken)
    {
        var path = Describe(name);
        FileSystem.SyncFile(path);
        FileSystem.SyncDirectory(Path.GetDirectoryName(path)!);
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<StoredObject>> ListAsync(string folder, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<StoredObject>>(
        [
            .. Entries(folder, directory => directory.EnumerateFiles())
                .Select(file => new StoredObject(file.Name, file.Length, file.LastWriteTimeUtc))
                .OrderBy(stored => stored.Name, StringComparer.Ordinal),
        ]);

    public ValueTask<IReadOnlyList<string>> ListFoldersAsync(string folder, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<string>>(
        [
            // A link to a folder (latest) is not a folder.
            .. Entries(folder, directory => directory.EnumerateDirectories())
                .Where(found => found.LinkTarget is null)
                .Select(found => found.Name)
                .Order(StringComparer.Ordinal),
        ]);

    public ValueTask RemoveLeftoversAsync(string folder, CancellationToken cancellationToken)
    {
        var path = Describe(folder);
        try
        {
            DurableFile.RemoveLeftovers(path);
            return ValueTask.CompletedTask;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", path);
        }
    }

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        FileSystem.Delete(Describe(name));
        return ValueTask.CompletedTask;
    }

    private List<T> Entries<T>(string folder, Func<DirectoryInfo, IEnumerable<T>> enumerate)
        where T : FileSystemInfo
    {
        var path = Describe(folder);
        try
        {
            return [.. enumerate(new DirectoryInfo(path)).Where(entry => !entry.Name.StartsWith('.'))];
        }
        catch (DirectoryNotFoundException) when (folder.Length > 0 && Directory.Exists(_root))
        {
            return [];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", path);
        }
    }
}
