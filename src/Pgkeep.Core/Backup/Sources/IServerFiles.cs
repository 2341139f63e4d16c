using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;

namespace Pgkeep.Backup.Sources;

/// <summary>
/// The data directory of the connected server, however its files are reached. All names are relative to it, with slashes; the files of a
/// tablespace begin with <c>pg_tblspc/OID/</c>. Several threads ask at a time.
/// </summary>
internal interface IServerFiles : IDisposable
{
    /// <summary>What the metadata and the log call it.</summary>
    string Name { get; }

    /// <summary>Says, once the backup has begun, whether these are the connected server's files; throws where they are not.</summary>
    /// <param name="start">Where the server's backup began.</param>
    /// <param name="slot">The backup's replication slot, which the server keeps a directory for; null where it has none.</param>
    void RequireServersOwn(ServerFacts server, Lsn start, string? slot);

    /// <summary>The tablespaces outside the data directory, in order of their OIDs.</summary>
    IReadOnlyList<TablespaceLink> Tablespaces();

    /// <summary>The entries of a directory, in no order; none where it is gone.</summary>
    /// <param name="directory">Empty for the data directory itself.</param>
    NameList NamesIn(string directory);

    /// <summary>One for each name, in their order and as late as possible; null where there is nothing any more.</summary>
    IEnumerable<FileStatus?> StatusOf(string directory, IReadOnlyList<string> names);

    /// <summary>Null where the file is gone.</summary>
    IFileContent? TryOpen(string name);

    /// <summary>One for each file, in their order: those that share a frame.</summary>
    IEnumerable<IFileContent?> OpenSmall(IReadOnlyList<CopyItem> items);

    /// <summary>A small file, whole; null where there is none.</summary>
    byte[]? TryRead(string name);

    /// <summary>A file of the server's configuration. Null where there is none, or where it lies in the data directory; throws where it cannot be read.</summary>
    /// <param name="path">Absolute, on the server's host.</param>
    /// <param name="mostBytes">More than that is a failure.</param>
    OutsideFile? TryReadOutside(string path, long mostBytes);
}

internal sealed record OutsideFile(FileStatus Status, byte[] Content);

/// <summary>The content of one file while it is copied.</summary>
internal interface IFileContent : IDisposable
{
    /// <summary>When it was opened.</summary>
    long Size { get; }

    /// <summary>Several threads read pieces of it at a time.</summary>
    /// <returns>How many bytes there were; 0 behind the end of a file that has shrunk.</returns>
    int Read(Span<byte> buffer, long offset);
}
