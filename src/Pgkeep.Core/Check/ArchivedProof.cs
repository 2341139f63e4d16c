using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Check;

/// <summary>
/// Whether what the server's archiver calls archived is in the archive. An archive_command that answers 0 and stores nothing, <c>/bin/true</c> for
/// example, loses WAL without a failure anywhere: the server removes its files, and nothing waits.
/// </summary>
internal static class ArchivedProof
{
    public const string RotationHint = "after pg_upgrade or initdb, pgkeep repository rotate keeps the old repository aside and starts the new cluster in its place";

    /// <summary>A sentence; null where the server and the repository are of one cluster, or one of them does not tell.</summary>
    public static string? FindMismatch(ArchiverReport report, RepositoryIdentity? repository) =>
        repository is not null && report.SystemIdentifier is { } own && own != repository.SystemIdentifier
            ? $"the server's cluster is {own}, and the repository belongs to {repository.SystemIdentifier}: {RotationHint}"
            : null;

    /// <param name="inventory">Listed after the report was made.</param>
    /// <returns>A sentence; null where the last archived file, or a later one of its timeline, is there, and where this server archives nothing.</returns>
    public static string? FindLoss(ArchiverReport report, WalInventory inventory) =>
        report.ArchivesItself && report.LastArchived is { } last && WalFileName.TryParse(last, out var file) && !IsStored(file, inventory)
            ? $"the server says that it archived \"{last}\", and neither that nor anything later of timeline {file.Timeline} is in the archive: its archive_command answers success and stores nothing here"
            : null;

    /// <summary>A history may be the only file of its timeline. Of segments a later one was archived later.</summary>
    private static bool IsStored(WalFileName file, WalInventory inventory) =>
        inventory.Contains(file.Name)
        || (inventory.SegmentsOf(file.Timeline) is [.., var newest] && (file.Segment is not { } segment || newest.CompareTo(segment) >= 0));
}
