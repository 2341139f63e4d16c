using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>WAL of a cluster that a person still has somewhere: the disk of its <c>pg_wal</c> survived, or its files were copied from a dying one. It is only read.</summary>
internal static class RescuedWal
{
    /// <summary>What the archive does not have; of what both have, the old cluster's own.</summary>
    /// <param name="own">Of the old cluster.</param>
    /// <param name="folder">As a person named it.</param>
    /// <exception cref="PgkeepException">It is not there, or has WAL of another cluster.</exception>
    public static IReadOnlyList<UnarchivedFile> Join(IReadOnlyList<UnarchivedFile> own, string folder, WalInventory inventory, RepositoryIdentity identity)
    {
        if (FileStatus.OfTarget(folder) is not { Type: FileType.Directory })
        {
            throw new PgkeepException(ErrorKind.Configuration, $"\"{folder}\" is not a directory that is there", "--old-wal names the directory in which the segments lie: a pg_wal, or where its files were copied to");
        }

        try
        {
            foreach (var path in Directory.EnumerateFiles(folder).Where(path => WalSegmentName.TryParse(Path.GetFileName(path), out _)))
            {
                RequireOwn(path, identity);
            }
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", folder);
        }

        return [.. own.UnionBy(UnarchivedWal.Of(folder, inventory), file => file.Name.Name).OrderBy(file => file.Name.Name, StringComparer.Ordinal)];
    }

    /// <summary>For the plan; null where nothing is to be said.</summary>
    public static string? WarningOf(string? folder, RestoreWal wal) => folder is null || wal.Unarchived.Any(file => FileSystem.IsInside(file.Path, folder))
        ? null
        : $"none of the WAL in \"{folder}\" is used: it is in the archive, or in the old data directory, or the recovery does not need it";

    /// <summary>The server makes files of zeros ahead of time, and those are nobody's.</summary>
    private static void RequireOwn(string path, RepositoryIdentity identity)
    {
        Span<byte> page = stackalloc byte[WalPageHeader.LongLength];
        using var file = ExistingFile.TryOpenToRead(path);
        if (file is not null && ExistingFile.Read(file, path, page, 0) == page.Length && WalPageHeader.TryParse(page, out var header, out _)
            && header.SystemIdentifier is { } system && system != identity.SystemIdentifier)
        {
            throw new PgkeepException(
                ErrorKind.RepositoryMismatch,
                $"\"{path}\" is of the cluster {system}, and the repository of {identity.SystemIdentifier}",
                "nothing was changed; --old-wal names WAL of the cluster that is restored");
        }
    }
}
