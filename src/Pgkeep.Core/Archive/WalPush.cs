using System.Text;
using Pgkeep.Archive.Ahead;
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
    /// <summary>Histories have some lines; nothing else that is archived is smaller than a segment.</summary>
    private const int MaxSmallLength = 1024 * 1024;

    /// <summary>For looking ahead in the server's own call: its archiver must not be held up, not even while it is told to stop.</summary>
    private static readonly TimeSpan LongestTimeAhead = TimeSpan.FromSeconds(1);

    private readonly ArchiveStores _stores;
    private readonly int _level;
    private readonly int _jobs;
    private readonly TimeProvider _time;

    /// <param name="jobs">Threads that compress one segment, or segments that are compressed at a time.</param>
    public WalPush(ArchiveStores stores, int level, int jobs, TimeProvider time)
    {
        _stores = stores;
        _level = level;
        _jobs = jobs;
        _time = time;
    }

    /// <summary>Null where no process can be left behind: this one then stores itself what waits.</summary>
    public AheadSettings? Ahead { get; init; }

    /// <summary>Null where the working directory is no data directory.</summary>
    public RepositoryWitness? Witness { get; init; }

    /// <summary>Null where no indexes are made: then no segment is compared with the one before it either.</summary>
    public WalIndexStore? Indexes { get; init; }

    /// <summary>Called where a segment is stored and gets no index, with a lower-case fact about it.</summary>
    public Action<WalFileName, string>? StoredWithoutIndex { get; init; }

    /// <summary>Called when the file is stored and durable.</summary>
    public Action<WalFileName, StoreResult>? Stored { get; init; }

    /// <summary>Called for each file that was stored ahead of its turn.</summary>
    public Action<WalFileName, TimeSpan>? StoredAhead { get; init; }

    /// <summary>Called where a process is at work that should have stored the file by now; the call then stores it.</summary>
    public Action<WalFileName>? WaitedInVain { get; init; }

    /// <param name="path"><c>%p</c>: relative to the working directory, which is the data directory.</param>
    /// <param name="name"><c>%f</c>.</param>
    public async Task RunAsync(string path, string name, CancellationToken cancellationToken)
    {
        if (!WalFileName.TryParse(name, out var file))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"\"{name}\" is not the name of a WAL file", "archive_command passes %p %f, in this order");
        }

        using var content = WalContent.Open(path);
        var segment = file.Kind == WalFileKind.Segment ? OfferedSegment.Examine(file.Segment!.Value, path, content) : null;
        if (segment is not null && segment.IsLeft())
        {
            file = file with { Name = file.Name + ".partial", Kind = WalFileKind.Partial };
        }

        var identity = file.Kind == WalFileKind.Segment ? segment!.RequireFinished().Identity : await IdentifyAsync(file, path, content, cancellationToken);
        await EnsureMarkedAsync(identity, cancellationToken);

        if (file.Kind == WalFileKind.Segment && Ahead is not null && !await AheadStart.TryWaitAsync(DirectoryOf(path), file, _stores.Archive, _time, cancellationToken))
        {
            WaitedInVain?.Invoke(file);
        }

        if (file.Kind == WalFileKind.Segment && Indexes is not null)
        {
            await PrepareIndexAsync(file, segment!, cancellationToken);
        }

        await StoreAsync(file, path, content, identity.SystemIdentifier, cancellationToken);
        if (file.Kind == WalFileKind.Segment && _jobs > 1)
        {
            await LookAheadAsync(DirectoryOf(path), file.Segment!.Value, identity, cancellationToken);
        }

        foreach (var store in _stores.Marked)
        {
            Witness?.Note(identity.SystemIdentifier, store.Describe(""));
        }

        await _stores.Archive.RemoveLeftoversAsync(cancellationToken);
    }

    /// <summary>Stores what waits behind a segment, until nothing does.</summary>
    /// <param name="directory">In which the segments lie, relative to the working directory.</param>
    /// <param name="longest">No further ones are begun after that time.</param>
    public async Task RunAheadAsync(string directory, WalSegmentName stored, TimeSpan longest, CancellationToken cancellationToken)
    {
        // The one that is stored may be gone from there by now.
        if (WorkingDirectory.ReadIdentity() is not { } identity)
        {
            return;
        }

        await EnsureMarkedAsync(identity, cancellationToken);

        await NewLookAhead(identity).RunAsync(directory, stored, longest, cancellationToken);
    }

    private async ValueTask EnsureMarkedAsync(RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        foreach (var store in _stores.Marked)
        {
            await RepositoryMarker.EnsureAsync(store, identity, Witness, _time, cancellationToken);
        }
    }

    private static string DirectoryOf(string path) => Path.GetDirectoryName(path)!;

    private LookAhead NewLookAhead(RepositoryIdentity identity) => new(_stores.Archive, identity, _level, _jobs, _time) { Stored = StoredAhead, Indexes = Indexes, StoredWithoutIndex = StoredWithoutIndex };

    private async Task LookAheadAsync(string directory, WalSegmentName segment, RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        var ahead = NewLookAhead(identity);
        var waiting = await ahead.CountAsync(directory, segment, AheadStart.FewestSegments, cancellationToken);
        if (Ahead is null || (waiting >= AheadStart.FewestSegments && !AheadStart.TryRun(Ahead.Program, Ahead.Words, directory, segment)))
        {
            await ahead.RunAsync(directory, segment, LongestTimeAhead, cancellationToken);
        }
    }

    /// <summary>What is stored already is only compared with that.</summary>
    private async ValueTask PrepareIndexAsync(WalFileName file, OfferedSegment segment, CancellationToken cancellationToken)
    {
        if (await _stores.Archive.FindAsync(file.Name, cancellationToken) is null)
        {
            await new SegmentContinuity(_stores.Archive, Indexes!).RequireAsync(segment, cancellationToken);
            segment.Content.Indexing = new SegmentIndexing(segment.Name);
        }
    }

    /// <summary>
    /// Two recoveries that ended in one segment, of which one was undone, leave two unfinished segments of one name. Recovery never asks for either, so the second
    /// is kept beside the first: a failure would stop the archiving of everything behind it for good.
    /// </summary>
    private async Task StoreAsync(WalFileName file, string path, WalContent content, SystemIdentifier identifier, CancellationToken cancellationToken)
    {
        try
        {
            var result = await _stores.Archive.StoreAsync(file, content, identifier, _level, WrittenAt(path), _jobs, cancellationToken);
            Stored?.Invoke(file, result);
            if (content.Indexing is { } indexing && result == StoreResult.Stored)
            {
                await Indexes!.WriteAsync(indexing, problem => StoredWithoutIndex?.Invoke(file, problem));
            }
        }
        catch (PgkeepException conflict) when (conflict.Kind == ErrorKind.WalConflict && file.Kind == WalFileKind.Partial)
        {
            var beside = file with { Name = $"{file.Name}.{content.Sha256().ToString()[..16]}" };
            Stored?.Invoke(beside, await _stores.Archive.StoreAsync(beside, content, identifier, _level, WrittenAt(path), _jobs, cancellationToken));
        }
    }

    internal static DateTimeOffset WrittenAt(string path) =>
        FileStatus.OfTarget(path)?.Modified ?? throw new PgkeepException(ErrorKind.WalInvalid, $"\"{path}\" is gone", "the server keeps what it offers until it is archived: was the file removed by hand?");

    internal static PgkeepException Invalid(string path, string problem) =>
        new(ErrorKind.WalInvalid, $"\"{path}\" {problem}", "nothing was stored; the server keeps its file and tries again");

    private async ValueTask<RepositoryIdentity> IdentifyAsync(WalFileName file, string path, WalContent content, CancellationToken cancellationToken)
    {
        if (file.Kind == WalFileKind.Partial)
        {
            return OfferedSegment.Identify(file.Segment!.Value, path, content);
        }

        if (content.Length is 0 or > MaxSmallLength)
        {
            throw Invalid(path, content.Length == 0 ? "is empty" : "is larger than any file of its kind");
        }

        if (file.Kind == WalFileKind.History && !TimelineHistory.TryParse(file.Timeline, Encoding.UTF8.GetString(content.ReadAll()), out _, out var problem))
        {
            throw Invalid(path, problem);
        }

        // These small files carry no identifier. The server runs archive_command in its data directory.
        return WorkingDirectory.ReadIdentity()
            ?? await RepositoryMarker.ReadAsync(_stores.Marked[0], cancellationToken)
            ?? throw new PgkeepException(
                ErrorKind.WalInvalid, $"cannot tell which cluster \"{path}\" comes from", "run archive-wal in the server's data directory, as archive_command does");
    }
}
