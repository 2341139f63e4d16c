using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Streams;

namespace Pgkeep.Archive.Receive;

/// <summary>
/// Gives complete segments their place in the archive, one at a time, while the next one is being received. The plain file stays until the stored one
/// is durable, so that at no moment what was acknowledged is nowhere.
/// </summary>
internal sealed class SegmentArchiver
{
    private readonly ArchiveStores _stores;
    private readonly ReceivingDirectory _directory;
    private readonly int _level;
    private readonly TimeProvider _time;
    private readonly Action<ReceiverEvent> _tell;

    public SegmentArchiver(ArchiveStores stores, ReceivingDirectory directory, int level, TimeProvider time, Action<ReceiverEvent> tell)
    {
        _stores = stores;
        _directory = directory;
        _level = level;
        _time = time;
        _tell = tell;
    }

    /// <summary>Null where no indexes are made.</summary>
    public WalIndexStore? Indexes { get; init; }

    /// <summary>The segment that is being stored; fails as that does.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Waits for the segment that is being stored.</summary>
#pragma warning disable VSTHRD003 // begun by BeginAsync, and its failure is to be met wherever somebody waits
    public async Task DrainAsync() => await Running;
#pragma warning restore VSTHRD003

    /// <summary>Waits for the segment before.</summary>
    public async Task BeginAsync(WalSegmentName segment, RepositoryIdentity identity)
    {
        await Running;
        Running = Task.Run(() => StoreAsync(segment, identity, CancellationToken.None));
    }

    /// <summary>Checks a complete segment page by page, stores it and removes the plain file.</summary>
    public async Task StoreAsync(WalSegmentName segment, RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        var path = _directory.PathOf(segment);
        using var content = WalContent.Open(path);
        if (!WalSegmentExtent.TryMeasure(content.Length, content.Read, segment, identity.WalSegmentSize, identity.SystemIdentifier, out var extent) || !extent.IsSound)
        {
            throw new PgkeepException(
                ErrorKind.WalInvalid,
                $"\"{path}\", which was received whole, {(extent is null ? "does not begin with the segment's first page" : $"has something else behind {extent.End}")}",
                "look for the disk's errors; with the file moved away it is asked for again, as long as the server has it");
        }

        var start = new byte[WalPageHeader.LongLength];
        content.Read(start, 0);
        _ = WalPageHeader.TryParse(start, out var first, out _);
        if (WalSegmentEnding.FindUnfinished(content.Length, (int)first!.BlockSize!.Value, content.Read) is not null)
        {
            throw new PgkeepException(
                ErrorKind.WalInvalid,
                $"\"{path}\" ends at {extent.End} without a switch of WAL, and a later segment was received: the rest of it is missing",
                "with the file moved away it is asked for again, as long as the server has it");
        }

        content.Indexing = Indexes is null ? null : new SegmentIndexing(segment);
        var result = await _stores.Archive.StoreAsync(FileOf(segment), content, identity.SystemIdentifier, _level, _time.GetUtcNow(), threads: 1, cancellationToken);
        _directory.Remove(segment);
        if (content.Indexing is { } indexing && result == StoreResult.Stored)
        {
            await Indexes!.WriteAsync(indexing, problem => _tell(new ReceiverEvent("segment", $"{segment} has no index: it {problem}")));
        }

        var milliseconds = _time.GetElapsedTime(began).TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
        _tell(new ReceiverEvent("segment", result == StoreResult.Stored ? $"Archived {segment} in {milliseconds} ms" : $"Already archived, with the same content: {segment}") { IsRoutine = true });
    }

    /// <summary>
    /// Removes what the archive has meanwhile: a segment that archive-wal stored while it was being received, as far as that goes, or the old timeline's part
    /// of one that is stored for the new timeline.
    /// </summary>
    public async Task RetireAsync(ReceivedSegment received, WalSegmentName stored, RepositoryIdentity identity, CancellationToken cancellationToken)
    {
        if (!await HasAsReceivedAsync(_stores.Archive, FileOf(stored), received, identity.WalSegmentSize, cancellationToken))
        {
            throw new PgkeepException(
                ErrorKind.WalConflict,
                $"\"{received.Path}\" was received with other content than \"{_stores.Archive.Describe(stored.ToString())}\" has",
                "two servers write into one archive; nothing was changed: find out which is the right one before moving either file away by hand");
        }

        _directory.Remove(received.Name);
    }

    /// <summary>Whether the stored file begins with all that was received of the other.</summary>
    public static async ValueTask<bool> HasAsReceivedAsync(
        WalArchive archive, WalFileName stored, ReceivedSegment received, WalSegmentSize size, CancellationToken cancellationToken)
    {
        if (await archive.FindSoundAsync(stored, cancellationToken) is not { } name)
        {
            return false;
        }

        using var content = WalContent.Open(received.Path);
        await using var own = content.OpenStream();
        await using var comparison = new ComparingStream(own, received.Extent is { } extent ? (long)(extent.End - received.Name.StartLsn(size)) : 0);
        await archive.CopyAsync(name, stored, comparison, cancellationToken);
        return comparison.HasPrefix();
    }

    private static WalFileName FileOf(WalSegmentName segment) =>
        WalFileName.TryParse(segment.ToString(), out var file) ? file : throw new System.Diagnostics.UnreachableException($"{segment} is no name");
}
