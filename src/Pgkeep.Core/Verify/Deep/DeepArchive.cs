using Pgkeep.Repository;
using Pgkeep.Streams;

namespace Pgkeep.Verify.Deep;

/// <summary>One archive of the cluster's files, as the checks need to know it.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Prefix">What stands before a member's name in the manifest: <c>pg_tblspc/OID/</c> for a tablespace.</param>
/// <param name="Stored">Its checksum in the backup's list; null where it is not on it, which has been told.</param>
internal sealed record DeepArchive(string Path, string Prefix, Sha256Digest? Stored)
{
    public string IndexPath => ArchiveNames.IndexOf(Path);

    public static IReadOnlyList<DeepArchive> Of(StoredBackup backup, BackupMetadata metadata, ChecksumList checksums)
    {
        return
        [
            .. metadata.Tablespaces.Select(tablespace => Create(tablespace.Archive, $"pg_tblspc/{tablespace.Oid}/")),
            Create(metadata.Archives.Main, ""),
        ];

        DeepArchive Create(string name, string prefix) => new(
            System.IO.Path.Combine(backup.Directory, name),
            prefix,
            checksums.Files.FirstOrDefault(file => file.Name == name)?.Digest);
    }
}
