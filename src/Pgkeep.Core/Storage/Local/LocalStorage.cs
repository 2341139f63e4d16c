using System.IO.Enumeration;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Storage.Local;

/// <summary>
/// Objects are files below one directory, written as <see cref="DurableFile"/> does. The directory itself must exist. A folder of objects has a hidden one
/// in it for what is being written, so that looking for leftovers takes no listing of a hundred thousand segments.
/// </summary>
internal sealed class LocalStorage : IStorage
{
    /// <summary>Read at once: an asynchronous read of a file is a read in another thread, which costs more than a marker or a history does.</summary>
    private const int SmallLength = 64 * 1024;

    private const int DirectoryMode = 0b111_000_000;
    private const string IncomingName = ".incoming";

    /// <summary>An archive has a hundred thousand files: an object for each, as the usual way makes them, would take more memory than their names.</summary>
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };

    private readonly string _root;

    public LocalStorage(string root) => _root = root;

    public string Describe(string name) => Path.Combine(_root, name);

    public ValueTask<Stream?> OpenReadAsync(string name, CancellationToken cancellationToken)
    {
        var path = Describe(name);
        try
        {
            return ValueTask.FromResult<Stream?>(Open(path));
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
            throw Missing(thrown);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "open", path);
        }
    }

    public ValueTask<StoredObject?> FindAsync(string name, CancellationToken cancellationToken)
    {
        if (FileStatus.OfTarget(Describe(name)) is { } found)
        {
            return ValueTask.FromResult<StoredObject?>(new StoredObject(Path.GetFileName(name), found.Size, found.Modified));
        }

        return FileStatus.OfTarget(_root) is null ? throw Missing(null) : ValueTask.FromResult<StoredObject?>(null);
    }

    public IPendingObject Create(string name) => new PendingFile(CreateFile(name));

    public ValueTask SyncNamesAsync(string folder, CancellationToken cancellationToken)
    {
        FileSystem.SyncDirectory(Describe(folder));
        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> TryCreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        using var file = CreateFile(name);
        file.Write(content.Span);
        return ValueTask.FromResult(file.PublishNew());
    }

    public ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        DurableFile.Replace(Describe(name), content.Span);
        return ValueTask.CompletedTask;
    }

    public ValueTask ReplaceDerivedAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var folder = Path.GetDirectoryName(Describe(name))!;
        if (FileStatus.OfTarget(folder) is null)
        {
            FileSystem.TryCreateDirectory(folder, DirectoryMode);
        }

        using var file = CreateFile(name);
        file.Write(content.Span);
        file.PublishReplacingWithoutSync();
        return ValueTask.CompletedTask;
    }

    public ValueTask ConfirmAsync(string name, CancellationToken cancellationToken)
    {
        var path = Describe(name);
        FileSystem.SyncFile(path);
        FileSystem.SyncDirectory(Path.GetDirectoryName(path)!);
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<StoredObject>> ListAsync(string folder, CancellationToken cancellationToken)
    {
        var files = Entries(folder, path => new FileSystemEnumerable<StoredObject>(
            path, (ref FileSystemEntry entry) => new StoredObject(entry.FileName.ToString(), entry.Length, entry.LastWriteTimeUtc), Everything)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory && entry.FileName is not ['.', ..],
        });
        files.Sort((one, other) => string.CompareOrdinal(one.Name, other.Name));
        return ValueTask.FromResult<IReadOnlyList<StoredObject>>(files);
    }

    public ValueTask<IReadOnlyList<string>> ListFoldersAsync(string folder, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<string>>(
        [
            // A link to a folder (latest) is not a folder.
            .. Entries(folder, path => new DirectoryInfo(path).EnumerateDirectories())
                .Where(found => found.LinkTarget is null && !found.Name.StartsWith('.'))
                .Select(found => found.Name)
                .Order(StringComparer.Ordinal),
        ]);

    public ValueTask RemoveLeftoversAsync(string folder, CancellationToken cancellationToken)
    {
        var path = Path.Combine(Describe(folder), IncomingName);
        try
        {
            DurableFile.RemoveLeftovers(path);
        }
        catch (DirectoryNotFoundException)
        {
            // Nothing was ever written here.
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", path);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        FileSystem.Delete(Describe(name));
        return ValueTask.CompletedTask;
    }

    private static Stream Open(string path)
    {
        var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Open,
            Access = FileAccess.Read,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
            Options = FileOptions.SequentialScan,
        });
        if (file.Length is 0 or > SmallLength)
        {
            return file;
        }

        using (file)
        {
            var content = new byte[file.Length];
            return new MemoryStream(content, 0, file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false), writable: false);
        }
    }

    private DurableFile CreateFile(string name)
    {
        var path = Describe(name);
        var incoming = Path.Combine(Path.GetDirectoryName(path)!, IncomingName);
        if (FileStatus.OfTarget(incoming) is null)
        {
            FileSystem.TryCreateDirectory(incoming, DirectoryMode);
        }

        return DurableFile.CreateBeside(path, incoming);
    }

    private PgkeepException Missing(Exception? thrown) => new(
        ErrorKind.RepositoryMissing,
        $"the directory \"{_root}\" does not exist",
        thrown,
        "check BACKUP_DIR and WAL_ARCHIVE_DIR (pgkeep config show), and that the disk is mounted");

    private List<T> Entries<T>(string folder, Func<string, IEnumerable<T>> enumerate)
    {
        var path = Describe(folder);
        try
        {
            return [.. enumerate(path)];
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

    private sealed class PendingFile(DurableFile file) : IPendingObject
    {
        public void Write(ReadOnlySpan<byte> content, long offset) => file.WriteAt(content, offset);

        public void Sync() => file.Sync();

        public bool TryPublish() => file.TryLink();

        public void Dispose() => file.Dispose();
    }
}
