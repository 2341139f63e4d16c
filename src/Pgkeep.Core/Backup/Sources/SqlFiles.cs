using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;

namespace Pgkeep.Backup.Sources;

/// <summary>
/// The source <em>sql</em>: the server reads its files for us, over as many sessions as there are workers. What its functions do not tell, owner
/// and mode, is as <c>initdb</c> makes it.
/// </summary>
internal sealed class SqlFiles : IServerFiles
{
    /// <summary>How many files are asked about in one call.</summary>
    private const int Batch = 1000;

    /// <summary>What a small file may have grown by since it was listed; of one that grew more, the WAL has the rest.</summary>
    private const long Growth = 64 * 1024;

    private const long LargestSmallFile = 16 * 1024 * 1024;

    private readonly ServerFileFunctions _functions;
    private readonly ServerFacts _server;
    private readonly Account? _owner;
    private readonly int _permissions;

    private SqlFiles(ServerFileFunctions functions, ServerFacts server)
    {
        _functions = functions;
        _server = server;
        _owner = Account.IsRoot ? Account.Find("postgres") : Account.Find(Account.CurrentUserId);
        // initdb --allow-group-access (src/include/common/file_perm.h).
        _permissions = server["data_directory_mode"] is "0750" or "750" ? 0b111_101_000 : 0b111_000_000;
    }

    public string Name => "sql";

    /// <param name="connection">The backup's own session: all must lead to the same server.</param>
    /// <param name="sessions">How many files can be read at a time.</param>
    public static async Task<SqlFiles> OpenAsync(
        ConnectionSettings settings, ServerConnection connection, int sessions, ServerFacts server, CancellationToken cancellationToken) =>
        new(await ServerFileFunctions.OpenAsync(settings, connection, sessions, cancellationToken), server);

    /// <summary>They are, by their nature.</summary>
    public void RequireServersOwn(ServerFacts server, Lsn start, string? slot)
    {
    }

    public IReadOnlyList<TablespaceLink> Tablespaces() => _functions.Tablespaces();

    public NameList NamesIn(string directory)
    {
        var names = new NameList();
        _functions.ForEachName(directory.Length == 0 ? "." : directory, name => names.Add(name));
        return names;
    }

    public IEnumerable<FileStatus?> StatusOf(string directory, IReadOnlyList<string> names)
    {
        var links = directory == TablespaceLinks.FolderName ? Tablespaces().Select(tablespace => tablespace.Oid.ToString()).ToHashSet() : [];
        foreach (var batch in names.Chunk(Batch))
        {
            var number = 0;
            foreach (var status in _functions.StatusOf([.. batch.Select(name => Path.Join(directory, name))]))
            {
                var name = batch[number++];
                yield return status is { } found ? StatusOf(found, TypeOf(found, directory, name, links)) : null;
            }
        }
    }

    public IFileContent? TryOpen(string name) =>
        _functions.StatusOf([name])[0] is { IsDirectory: false } status ? new Content(_functions, name, status.Size, null) : null;

    public IEnumerable<IFileContent?> OpenSmall(IReadOnlyList<CopyItem> items)
    {
        // Of an empty one there is nothing to read. It may be a pipe, which looks the same and would hold the server's process for ever.
        var filled = items.Where(item => item.Status.Size > 0).ToList();
        using var contents = (filled.Count == 0
            ? []
            : _functions.ReadAll([.. filled.Select(item => item.Name)], [.. filled.Select(item => item.Status.Size + Growth)])).GetEnumerator();
        foreach (var item in items)
        {
            if (item.Status.Size == 0)
            {
                yield return new Content(_functions, item.Name, 0, []);
                continue;
            }

            contents.MoveNext();
            yield return contents.Current is { } bytes ? new Content(_functions, item.Name, bytes.Length, bytes) : null;
        }
    }

    public byte[]? TryRead(string name) => _functions.ReadAll([name], [LargestSmallFile])[0];

    public OutsideFile? TryReadOutside(string path, long mostBytes)
    {
        if (path.StartsWith(_server["data_directory"] + "/", StringComparison.Ordinal))
        {
            return null;
        }

        if (!_functions.MayReadOutside)
        {
            throw new PgkeepException(ErrorKind.AccessDenied, $"\"{path}\" lies outside the data directory, and the role is no member of pg_read_server_files");
        }

        if (_functions.StatusOf([path])[0] is not { IsDirectory: false } status)
        {
            return null;
        }

        if (status.Size > mostBytes)
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the configuration file \"{path}\" is too large");
        }

        return _functions.ReadAll([path], [mostBytes])[0] is { } content ? new OutsideFile(StatusOf(status, FileType.Regular), content) : null;
    }

    public void Dispose() => _functions.Dispose();

    /// <summary>The functions follow links, and know files and directories alone.</summary>
    private static FileType TypeOf(ServerFileStatus status, string directory, string name, HashSet<string> links)
    {
        var isSocket = directory.Length == 0 && name.StartsWith(".s.PGSQL.", StringComparison.Ordinal) && !name.EndsWith(".lock", StringComparison.Ordinal);
        return isSocket ? FileType.Other
            : links.Contains(name) ? FileType.SymbolicLink
            : status.IsDirectory ? FileType.Directory : FileType.Regular;
    }

    private FileStatus StatusOf(ServerFileStatus status, FileType type) => new(
        type,
        type == FileType.Regular ? _permissions & 0b110_110_110 : _permissions,
        _owner?.UserId ?? 0,
        _owner?.GroupId ?? 0,
        type == FileType.Regular ? status.Size : 0,
        status.Modified,
        0,
        0);

    /// <param name="bytes">What was read already, for the first who asks; whoever reads again wants to see what is there by then.</param>
    private sealed class Content(ServerFileFunctions functions, string name, long size, byte[]? bytes) : IFileContent
    {
        private byte[]? _bytes = bytes;

        public long Size => size;

        public int Read(Span<byte> buffer, long offset)
        {
            if (Interlocked.Exchange(ref _bytes, null) is not { } read)
            {
                return functions.Read(name, buffer, offset);
            }

            var part = read.AsSpan((int)offset);
            part = part[..Math.Min(part.Length, buffer.Length)];
            part.CopyTo(buffer);
            return part.Length;
        }

        public void Dispose()
        {
        }
    }
}
