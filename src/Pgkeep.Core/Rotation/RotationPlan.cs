using Pgkeep.Posix;
using Pgkeep.Repository;

namespace Pgkeep.Rotation;

/// <summary>What a rotation will do, proven to be possible.</summary>
/// <param name="Markers">The old and the new one of each store, <c>BACKUP_DIR</c>'s first.</param>
/// <param name="IsResumed">Whether an earlier one was broken off, which this one finishes.</param>
internal sealed record RotationPlan(RepositoryLayout Layout, RepositoryIdentity Old, RepositoryIdentity New, IReadOnlyList<StoreMarkers> Markers, bool IsResumed)
{
    /// <summary>Where the old cluster's repository will be.</summary>
    public string OldRepository => Path.Combine(Layout.BackupDirectory, OldName);

    /// <summary>Where its archive will be: on the archive's own file system, so that nothing is ever copied.</summary>
    public string OldArchive => IsArchiveInside
        ? Path.Combine(FileSystem.Resolve(Layout.WalDirectory), OldName)
        : Path.Combine(OldRepository, RepositoryLayout.WalFolderName);

    /// <summary>
    /// Whether the archive's directory must stay where it is, since it lies elsewhere or is a link or a mount point; then its files move into a
    /// directory inside it.
    /// </summary>
    public bool IsArchiveInside { get; } =
        Layout.IsArchiveApart || FileStatus.Of(Layout.WalDirectory)?.Type == FileType.SymbolicLink || FileSystem.IsMountPoint(Layout.WalDirectory);

    /// <summary>Where the new cluster's own repository or archive is kept since an earlier rotation; null where it never was here.</summary>
    public string? KeptOfNew =>
        new[] { Layout.BackupDirectory, FileSystem.Resolve(Layout.WalDirectory) }
            .Select(directory => Path.Combine(directory, Repository.OldRepository.NameOf(New.SystemIdentifier)))
            .FirstOrDefault(path => FileStatus.Of(path) is not null);

    private string OldName => Repository.OldRepository.NameOf(Old.SystemIdentifier);
}

/// <param name="Directory">That holds the marker.</param>
internal sealed record StoreMarkers(string Directory, RotationMarker Marker)
{
    public string Path => System.IO.Path.Combine(Directory, RepositoryLayout.MarkerName);
}
