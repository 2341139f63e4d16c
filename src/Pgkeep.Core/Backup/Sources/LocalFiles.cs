using System.IO.Enumeration;
using Microsoft.Win32.SafeHandles;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;

namespace Pgkeep.Backup.Sources;

/// <summary>The source <em>files</em>: the data directory on this host.</summary>
internal sealed class LocalFiles : IServerFiles
{
    private const string OtherHostHint =
        "the server runs on another host or in a container: run pgkeep backup where its files are, or copy through the connection with --source sql";

    private static readonly EnumerationOptions AllEntries = new() { AttributesToSkip = 0, IgnoreInaccessible = false, MatchType = MatchType.Simple };

    private readonly string _dataDirectory;

    public LocalFiles(string dataDirectory) => _dataDirectory = dataDirectory;

    public string Name => "files";

    /// <summary>
    /// The directory could be a stale clone of the server's, with the same identifier. It is the server's own if the slot that it has just made
    /// is in it, under a name that cannot have been there before; without a slot, only if the checkpoint of the backup's start has reached it. On a
    /// standby that checkpoint can be an old one, which a clone has as well.
    /// </summary>
    public void RequireServersOwn(ServerFacts server, Lsn start, string? slot)
    {
        if (slot is not null)
        {
            RequireSlot(slot);
            return;
        }

        var control = ControlFileReader.Read(_dataDirectory);
        if (control.SystemIdentifier != server.SystemIdentifier || control.CheckPointTimeline != server.Timeline || control.CheckPointRedo < start)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"\"{_dataDirectory}\" is not the connected server's: its last checkpoint {control.CheckPointRedo} is older than the backup's start {start}",
                OtherHostHint);
        }
    }

    private void RequireSlot(string slot)
    {
        if (FileStatus.Of(PathOf($"pg_replslot/{slot}")) is null)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable, $"\"{_dataDirectory}\" is not the connected server's: the replication slot that it has just made is not in it", OtherHostHint);
        }
    }

    public IReadOnlyList<TablespaceLink> Tablespaces() => TablespaceLinks.Of(_dataDirectory);

    public NameList NamesIn(string directory)
    {
        var path = PathOf(directory);
        try
        {
            var names = new NameList();
            foreach (var _ in new FileSystemEnumerable<bool>(path, Take, AllEntries))
            {
            }

            return names;

            bool Take(ref FileSystemEntry entry)
            {
                names.Add(entry.FileName);
                return true;
            }
        }
        catch (DirectoryNotFoundException)
        {
            return new NameList();
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", path);
        }
    }

    public IEnumerable<FileStatus?> StatusOf(string directory, IReadOnlyList<string> names)
    {
        var path = PathOf(directory);
        return names.Select(name => FileStatus.Of(Path.Join(path, name)));
    }

    public IFileContent? TryOpen(string name)
    {
        var path = PathOf(name);
        try
        {
            return new Content(path, File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (Exception thrown) when (thrown is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "open", path);
        }
    }

    public IEnumerable<IFileContent?> OpenSmall(IReadOnlyList<CopyItem> items) => items.Select(item => TryOpen(item.Name));

    public byte[]? TryRead(string name)
    {
        var path = PathOf(name);
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception thrown) when (thrown is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    public OutsideFile? TryReadOutside(string path, long mostBytes)
    {
        if (FileSystem.Resolve(path).StartsWith(FileSystem.Resolve(_dataDirectory) + "/", StringComparison.Ordinal)
            || FileStatus.OfTarget(path) is not { Type: FileType.Regular } status)
        {
            return null;
        }

        if (status.Size > mostBytes)
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the configuration file \"{path}\" is too large");
        }

        try
        {
            return new OutsideFile(status, File.ReadAllBytes(path));
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    public void Dispose()
    {
        // Every open file belongs to whoever opened it.
    }

    private string PathOf(string name) => Path.Join(_dataDirectory, name);

    private sealed class Content : IFileContent
    {
        private readonly string _path;
        private readonly SafeFileHandle _handle;

        public Content(string path, SafeFileHandle handle)
        {
            _path = path;
            _handle = handle;
            Size = RandomAccess.GetLength(handle);
        }

        public long Size { get; }

        public int Read(Span<byte> buffer, long offset)
        {
            try
            {
                return RandomAccess.Read(_handle, buffer, offset);
            }
            catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
            {
                throw PosixError.From(thrown, "read", _path);
            }
        }

        public void Dispose() => _handle.Dispose();
    }
}
