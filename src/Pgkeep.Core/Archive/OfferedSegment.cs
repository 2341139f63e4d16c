using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Index;
using Pgkeep.Repository;

namespace Pgkeep.Archive;

/// <summary>What a segment that is offered for the archive says of itself, which is what its name says.</summary>
/// <param name="Content">Not owned.</param>
/// <param name="BlockSize">XLOG_BLCKSZ.</param>
/// <param name="Unfinished">How many bytes of it are written, where its server was still writing it; null where it is whole.</param>
internal sealed record OfferedSegment(WalSegmentName Name, string Path, WalContent Content, RepositoryIdentity Identity, int BlockSize, long? Unfinished)
{
    /// <summary>Reads its first page, and its last one.</summary>
    /// <exception cref="PgkeepException">It is not what its name says.</exception>
    public static OfferedSegment Examine(WalSegmentName name, string path, WalContent content)
    {
        var identity = Identify(name, path, content, out var blockSize);
        return new OfferedSegment(name, path, content, identity, blockSize, WalSegmentEnding.FindUnfinished(content.Length, blockSize, content.Read));
    }

    /// <summary>What a segment says of itself that need not be whole.</summary>
    public static RepositoryIdentity Identify(WalSegmentName name, string path, WalContent content) => Identify(name, path, content, out _);

    /// <summary>
    /// Whether it is unfinished because its timeline was left in it, as a history beside it says. A standby that archives everything (archive_mode = always)
    /// offers such a segment under its full name when it follows its primary to a new timeline (walreceiver.c, XLogWalRcvClose).
    /// </summary>
    public bool IsLeft() => Unfinished is not null && HistoriesBeside().Any(history =>
        history.EndOf(Name.Timeline) is { } end && end >= Name.StartLsn(Identity.WalSegmentSize) && end < Name.StartLsn(Identity.WalSegmentSize) + Identity.WalSegmentSize.Bytes);

    public OfferedSegment RequireFinished() => Unfinished is not { } end ? this : throw new PgkeepException(
        ErrorKind.WalInvalid,
        $"\"{Path}\" ends at {Name.StartLsn(Identity.WalSegmentSize) + (ulong)end} without a switch of WAL: its server had not finished it, and under its full name it would be in the way of the whole one",
        "nothing was stored; a recovery took it from where it was being received, or somebody offered a server's last segment",
        $"where its timeline ended in it, it may be stored as what it is: pgkeep archive-wal {Path} {Name}.partial");

    /// <summary>Up to its first record; null where nothing can be told from it.</summary>
    public WalSegmentEnds? ReadBeginning() => WalContinuity.ReadBeginning(Name, Identity.WalSegmentSize, BlockSize, Content.Length, Content.Read);

    private static RepositoryIdentity Identify(WalSegmentName name, string path, WalContent content, out int blockSize)
    {
        var start = new byte[Math.Min(content.Length, WalPageHeader.LongLength)];
        content.Read(start, 0);
        if (!WalSegmentContent.TryCheck(start, content.Length, name, out var segment, out var problem))
        {
            throw WalPush.Invalid(path, problem);
        }

        _ = WalPageHeader.TryParse(start, out var header, out _);
        if (header?.BlockSize is not ({ } size and >= WalSegmentEnding.SmallestBlock and <= WalSegmentEnding.LargestBlock) || !uint.IsPow2(size))
        {
            throw WalPush.Invalid(path, $"says that its pages have {header?.BlockSize} bytes");
        }

        blockSize = (int)size;
        return new RepositoryIdentity(segment.SystemIdentifier, segment.Version.Major, segment.SegmentSize);
    }

    private IEnumerable<TimelineHistory> HistoriesBeside()
    {
        foreach (var file in Directory.EnumerateFiles(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!, "*.history"))
        {
            if (WalFileName.TryParse(System.IO.Path.GetFileName(file), out var name) && TimelineHistory.TryParse(name.Timeline, File.ReadAllText(file), out var history, out _))
            {
                yield return history;
            }
        }
    }
}
