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
    public static IReadOnlyList<UnarchivedFile> Of(string dataDirectory, WalInventory inventory)
    {
        var folder = System.IO.Path.Combine(dataDirectory, "pg_wal");
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
    public static void Copy(IEnumerable<UnarchivedFile> files, string walDirectory, Account owner, CancellationToken cancellationToken)
    {
        foreach (var file in files)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var target = System.IO.Path.Combine(walDirectory, file.Name.Name);
            if (File.Exists(target))
            {
                continue;
            }

            try
            {
                File.Copy(file.Path, target);
                Own(target, owner);
                if (file.IsReady)
                {
                    var mark = System.IO.Path.Combine(walDirectory, "archive_status", file.Name.Name + ".ready");
                    File.WriteAllBytes(mark, []);
                    Own(mark, owner);
                }
            }
            catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
            {
                throw PosixError.From(thrown, $"copy \"{file.Path}\" to", target);
            }
        }
    }

    private static UnarchivedFile? Inspect(string path, string folder, WalInventory inventory)
    {
        var isUseful = WalFileName.TryParse(System.IO.Path.GetFileName(path), out var file)
            && !inventory.Contains(file.Name)
            && (file.Kind == WalFileKind.History || (file is { Kind: WalFileKind.Segment, Segment: { } segment } && IsWritten(path, segment)));
        return isUseful ? new UnarchivedFile(file!, path, File.Exists(System.IO.Path.Combine(folder, "archive_status", file!.Name + ".ready"))) : null;
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
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Span<byte> page = stackalloc byte[64];
        return file.ReadAtLeast(page, page.Length, throwOnEndOfStream: false) == page.Length
            && WalPageHeader.TryParse(page, out var header, out _)
            && header is { IsLong: true, SegmentSize: { } size }
            && header.PageAddress == name.StartLsn(size);
    }
}
