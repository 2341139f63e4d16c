using Pgkeep.Posix;
using Pgkeep.Postgres;

namespace Pgkeep.Restore;

/// <summary>A segment that a stopped or dead server never got into the archive, and that recovery can still use.</summary>
internal sealed record UnarchivedSegment(WalSegmentName Name, string Path, bool IsReady);

/// <summary>
/// What the old <c>pg_wal</c> still holds. A server that was stopped has archived everything; one that crashed has not, and its last
/// transactions are here alone.
/// </summary>
internal static class UnarchivedWal
{
    /// <summary>In WAL order: the segments marked as ready to be archived, and after the last of them the one that was being written.</summary>
    public static IReadOnlyList<UnarchivedSegment> Of(string dataDirectory)
    {
        var folder = System.IO.Path.Combine(dataDirectory, "pg_wal");
        var status = System.IO.Path.Combine(folder, "archive_status");
        if (!Directory.Exists(folder))
        {
            return [];
        }

        var segments = new List<UnarchivedSegment>();
        foreach (var path in Directory.EnumerateFiles(folder))
        {
            var name = System.IO.Path.GetFileName(path);
            if (WalSegmentName.TryParse(name, out var segment) && !File.Exists(System.IO.Path.Combine(status, name + ".done")) && IsWritten(path, segment))
            {
                segments.Add(new UnarchivedSegment(segment, path, File.Exists(System.IO.Path.Combine(status, name + ".ready"))));
            }
        }

        return [.. segments.OrderBy(segment => segment.Name)];
    }

    /// <summary>Puts them where recovery looks after the archive. The old files stay; those that were ready are archived once the recovery is over.</summary>
    public static void Copy(string oldDataDirectory, string walDirectory, Account owner)
    {
        foreach (var segment in Of(oldDataDirectory))
        {
            var target = System.IO.Path.Combine(walDirectory, segment.Name.ToString());
            if (File.Exists(target))
            {
                continue;
            }

            try
            {
                File.Copy(segment.Path, target);
                Own(target, owner);
                if (segment.IsReady)
                {
                    var mark = System.IO.Path.Combine(walDirectory, "archive_status", segment.Name + ".ready");
                    File.WriteAllBytes(mark, []);
                    Own(mark, owner);
                }
            }
            catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
            {
                throw PosixError.From(thrown, "copy", segment.Path);
            }
        }
    }

    private static void Own(string path, Account owner)
    {
        if (Account.IsRoot)
        {
            FileSystem.ChangeOwner(path, owner.UserId, owner.GroupId);
        }
    }

    /// <summary>The server keeps used segments under future names, to be written again; such a one still carries its old address.</summary>
    private static bool IsWritten(string path, WalSegmentName name)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            Span<byte> page = stackalloc byte[64];
            return file.ReadAtLeast(page, page.Length, throwOnEndOfStream: false) == page.Length
                && WalPageHeader.TryParse(page, out var header, out _)
                && header is { IsLong: true, SegmentSize: { } size }
                && header.PageAddress == name.StartLsn(size);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }
}
