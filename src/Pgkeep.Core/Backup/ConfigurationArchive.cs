using Pgkeep.Backup.Sources;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup;

/// <summary>
/// The archive <c>config</c>: the configuration that lies outside the data directory, as Debian has it. A server does not start without it, and a
/// base backup does not look there.
/// </summary>
internal static class ConfigurationArchive
{
    /// <summary>A configuration file is text that a person writes.</summary>
    private const long LargestFile = 16 * 1024 * 1024;

    /// <summary>The files that were stored; where there are none, there is no archive.</summary>
    public static async Task<IReadOnlyList<string>> WriteAsync(
        BackupPlan plan, PendingBackup pending, Compression compression, ServerConnection connection, Action<string> warn, CancellationToken cancellationToken)
    {
        var files = new List<(string Path, OutsideFile File)>();
        var left = LargestFile;
        foreach (var path in await ConfigurationFiles.ReadAsync(plan.Server, connection, cancellationToken))
        {
            try
            {
                if (plan.Files.TryReadOutside(path, left) is { } file)
                {
                    left -= file.Content.Length;
                    files.Add((path, file));
                }
            }
            catch (PgkeepException unreadable)
            {
                warn($"not in the backup: {unreadable.Message}");
            }
        }

        if (files.Count > 0)
        {
            using var tar = new PendingTar(pending.CreateFile(new ArchiveNames(compression.Codec).Configuration), compression);
            foreach (var (path, (status, content)) in files)
            {
                var entry = new TarEntry(path.TrimStart('/'), TarEntryType.File, content.Length, status.Mode, status.Modified) { UserId = status.UserId, GroupId = status.GroupId };
                tar.WriteFile(entry, content);
            }

            tar.Complete();
        }

        return [.. files.Select(file => file.Path)];
    }
}
