using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Archive;

/// <summary>
/// <c>archive-wal %p %f</c>. Success means: these bytes are what their name says, come from the cluster the repository belongs to, and are on
/// stable storage, for PostgreSQL may remove its copy at once.
/// </summary>
internal sealed class WalPush
{
    private readonly ArchiveStores _stores;
    private readonly int _level;
    private readonly TimeProvider _time;

    public WalPush(ArchiveStores stores, int level, TimeProvider time)
    {
        _stores = stores;
        _level = level;
        _time = time;
    }

    /// <param name="path"><c>%p</c>: relative to the working directory, which is the data directory.</param>
    /// <param name="name"><c>%f</c>.</param>
    public async Task<StoreResult> RunAsync(string path, string name, CancellationToken cancellationToken)
    {
        if (!WalFileName.TryParse(name, out var file))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"\"{name}\" is not the name of a WAL file", "archive_command passes %p %f, in this order");
        }

        var content = ReadFile(path);
        var identity = await IdentifyAsync(file, path, content, cancellationToken);
        foreach (var store in _stores.Marked)
        {
            await RepositoryMarker.EnsureAsync(store, identity, _time, cancellationToken);
        }

        return await _stores.Archive.StoreAsync(file, content, identity.SystemIdentifier, _level, FileStatus.OfTarget(path)?.Modified ?? _time.GetUtcNow(), cancellationToken);
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            var length = new FileInfo(path).Length;
            return length <= 1024 * 1024 * 1024
                ? File.ReadAllBytes(path)
                : throw new PgkeepException(ErrorKind.WalInvalid, $"\"{path}\" is larger than any WAL segment");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    private async ValueTask<RepositoryIdentity> IdentifyAsync(WalFileName file, string path, byte[] content, CancellationToken cancellationToken)
    {
        switch (file.Kind)
        {
            case WalFileKind.Segment or WalFileKind.Partial:
                return WalSegmentContent.TryCheck(content, file.Segment!.Value, out var segment, out var problem)
                    ? new RepositoryIdentity(segment.SystemIdentifier, segment.Version.Major, segment.SegmentSize)
                    : throw Invalid(path, problem);
            case WalFileKind.History:
                if (!TimelineHistory.TryParse(file.Timeline, System.Text.Encoding.UTF8.GetString(content), out _, out var historyProblem))
                {
                    throw Invalid(path, historyProblem);
                }

                break;
            default:
                if (content.Length == 0)
                {
                    throw Invalid(path, "is empty");
                }

                break;
        }

        // These small files carry no identifier. The server runs archive_command in its data directory.
        return WorkingDirectory.ReadIdentity()
            ?? await RepositoryMarker.ReadAsync(_stores.Marked[0], cancellationToken)
            ?? throw new PgkeepException(
                ErrorKind.WalInvalid, $"cannot tell which cluster \"{path}\" comes from", "run archive-wal in the server's data directory, as archive_command does");
    }

    private static PgkeepException Invalid(string path, string problem) =>
        new(ErrorKind.WalInvalid, $"\"{path}\" {problem}", "nothing was stored; the server keeps its file and tries again");
}
