using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;

namespace Pgkeep.Restore.Places;

/// <summary>How much room the files of a backup take, in whole blocks of a file system, as its manifest has them.</summary>
/// <param name="DataDirectory">Without tablespaces and WAL.</param>
/// <param name="Tablespaces">By their OIDs.</param>
internal sealed record BackupContent(long DataDirectory, IReadOnlyDictionary<uint, long> Tablespaces)
{
    /// <summary>What the usual file systems give to files.</summary>
    private const long Block = 4096;

    /// <exception cref="PgkeepException">The manifest cannot be read, or is damaged.</exception>
    public static BackupContent Of(StoredBackup backup)
    {
        var path = Path.Combine(backup.Directory, RepositoryLayout.ManifestName);
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, FileOptions.SequentialScan);
            using var manifest = new BackupManifestReader(file);
            var (content, tablespaces) = (0L, new Dictionary<uint, long>());
            while (manifest.TryReadFile(out var entry))
            {
                var size = (entry.Size + Block - 1) / Block * Block;
                if (TablespaceOf(entry.Path) is { } oid)
                {
                    tablespaces[oid] = tablespaces.GetValueOrDefault(oid) + size;
                }
                else
                {
                    content += size;
                }
            }

            return manifest.TryFinish(out _, out var problem)
                ? new BackupContent(content, tablespaces)
                : throw new PgkeepException(ErrorKind.BackupDamaged, $"\"{path}\": {problem}", "nothing was changed; restore from another backup: pgkeep list");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    private static uint? TablespaceOf(string path) =>
        path.StartsWith(TablespaceLinks.FolderName + "/", StringComparison.Ordinal)
        && path.Split('/') is [_, var oid, _, ..] && uint.TryParse(oid, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
