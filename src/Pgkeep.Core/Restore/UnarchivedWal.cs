using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>A segment or a timeline's history that the archive does not have, and that recovery can still use.</summary>
/// <param name="IsReady">The old server was about to archive it.</param>
internal sealed record UnarchivedFile(WalFileName Name, string Path, bool IsReady);

/// <summary>
/// What the old <c>pg_wal</c> has and the archive does not. A server that was stopped has archived everything; one that crashed has not, and its
/// last transactions are here alone. A file that was archived once and is gone from the archive counts too.
/// </summary>
internal static class UnarchivedWal
{
    /// <summary>In order of their names.</summary>
    /// <param name="folder">The old server's, there or not.</param>
    public static IReadOnlyList<UnarchivedFile> Of(string folder, WalInventory inventory)
    {
        try
        {
            return Directory.Exists(folder)
                ? [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(path => Inspect(path, folder, inventory)).OfType<UnarchivedFile>()]
                : [];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", folder);
        }
    }

    /// <summary>Puts them where recovery looks after the archive. The old files stay; those that were ready are archived once the recovery is over.</summary>
    /// <param name="backup">Its own segments are there already and stay, but for one that it has in part.</param>
    public static void Copy(IEnumerable<UnarchivedFile> files, BackupMetadata backup, string walDirectory, Account owner, CancellationToken cancellationToken)
    {
        WalSegmentName? part = backup.EndsInPart ? backup.StopWal : null;
        foreach (var file in files)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var target = System.IO.Path.Combine(walDirectory, file.Name.Name);
            if (File.Exists(target) && file.Name.Segment != part)
            {
                continue;
            }

            try
            {
                if (File.Exists(target))
                {
                    RequireContinuation(file.Path, target, (long)(backup.StopLsn - backup.StopWal.StartLsn(new WalSegmentSize(backup.Cluster.WalSegmentSize))));
                }

                File.Copy(file.Path, target, overwrite: true);
                owner.Own(target);
                if (file.IsReady)
                {
                    var mark = System.IO.Path.Combine(walDirectory, "archive_status", file.Name.Name + ".ready");
                    File.WriteAllBytes(mark, []);
                    owner.Own(mark);
                }
            }
            catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
            {
                throw PosixError.From(thrown, $"copy \"{file.Path}\" to", target);
            }
        }
    }

    /// <summary>An old data directory that was left behind long ago may hold a segment of that name that ends before the backup does.</summary>
    /// <param name="length">Bytes that the backup has of it.</param>
    private static void RequireContinuation(string old, string own, long length)
    {
        using var oldFile = new FileStream(old, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var ownFile = new FileStream(own, FileMode.Open, FileAccess.Read);
        var (oldPiece, ownPiece) = (new byte[1024 * 1024], new byte[1024 * 1024]);
        for (var left = length; left > 0; left -= ownPiece.Length)
        {
            var count = (int)Math.Min(left, ownPiece.Length);
            oldFile.ReadExactly(oldPiece, 0, count);
            ownFile.ReadExactly(ownPiece, 0, count);
            if (!oldPiece.AsSpan(0, count).SequenceEqual(ownPiece.AsSpan(0, count)))
            {
                throw new PgkeepException(
                    ErrorKind.WalInvalid,
                    $"the old server's \"{old}\" does not go on where the backup ends",
                    "the old data directory is of another past: restore into an empty place with --pgdata, or move it away yourself first");
            }
        }
    }

    private static UnarchivedFile? Inspect(string path, string folder, WalInventory inventory)
    {
        var isUseful = WalFileName.TryParse(System.IO.Path.GetFileName(path), out var file)
            && !inventory.Contains(file.Name)
            && (file.Kind == WalFileKind.History || (file is { Kind: WalFileKind.Segment, Segment: { } segment } && IsWritten(path, segment, folder)));
        return isUseful ? new UnarchivedFile(file!, path, File.Exists(System.IO.Path.Combine(folder, "archive_status", file!.Name + ".ready"))) : null;
    }

    /// <summary>
    /// The server keeps used segments under future names, to be written again. Such a one still carries its old address, or, where it was used on another timeline under the
    /// same number, that timeline: only the segment in which a timeline begins has pages of the one before.
    /// </summary>
    // PostgreSQL src/backend/access/transam/xlog.c, RemoveNonParentXlogFiles, XLogInitNewTimeline
    private static bool IsWritten(string path, WalSegmentName name, string folder)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Span<byte> page = stackalloc byte[64];
        return file.ReadAtLeast(page, page.Length, throwOnEndOfStream: false) == page.Length
            && WalPageHeader.TryParse(page, out var header, out _)
            && header is { IsLong: true, SegmentSize: { } size }
            && header.PageAddress == name.StartLsn(size)
            && (header.Timeline == name.Timeline || BeginOf(name.Timeline, folder) is not { } begin || begin.Value / size.Bytes == name.Number(size));
    }

    /// <summary>Where a timeline began, as the server's own copy of its history says; null where it has none.</summary>
    private static Lsn? BeginOf(TimelineId timeline, string folder)
    {
        var path = System.IO.Path.Combine(folder, timeline.ToHex() + ".history");
        return File.Exists(path) && TimelineHistory.TryParse(timeline, File.ReadAllText(path), out var history, out _) && history.Switches is [.., var last] ? last.SwitchPoint : null;
    }
}
