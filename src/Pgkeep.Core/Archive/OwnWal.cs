using System.Diagnostics.CodeAnalysis;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Archive;

/// <summary>
/// What a server in recovery has itself in the directory in which it wants a file: a restore puts the backup's own segments, and those of the old server, into its
/// pg_wal, beside %p, where it looks after the archive has said no (xlogarchive.c, RestoreArchivedFile, not_available).
/// </summary>
internal static class OwnWal
{
    /// <summary>A segment's first page, which tells whose it is.</summary>
    private const int FirstPageLength = 8192;

    /// <param name="destination">restore_command's <c>%p</c>.</param>
    public static string PathOf(string destination, string name) => Path.Combine(Path.GetDirectoryName(destination) ?? "", name);

    /// <summary>Whether it has a segment of the cluster under that name.</summary>
    public static bool Has(string destination, WalSegmentName wanted, RepositoryIdentity identity)
    {
        var path = PathOf(destination, wanted.ToString());
        return FileStatus.OfTarget(path) is not null && TryReadSegment(path, wanted, out var segment, out _) && segment.SystemIdentifier == identity.SystemIdentifier;
    }

    /// <summary>Null where it has none, or one that cannot be parsed.</summary>
    public static TimelineHistory? ReadHistory(string destination, TimelineId timeline)
    {
        var path = PathOf(destination, timeline.ToHex() + ".history");
        try
        {
            return File.Exists(path) && TimelineHistory.TryParse(timeline, File.ReadAllText(path), out var history, out _) ? history : null;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    public static bool TryReadSegment(string path, WalSegmentName name, [NotNullWhen(true)] out WalSegmentContent? segment, out string problem)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var page = new byte[FirstPageLength];
            var length = RandomAccess.Read(file, page, 0);
            return WalSegmentContent.TryCheck(page.AsSpan(0, length), RandomAccess.GetLength(file), name, out segment, out problem);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }
}
