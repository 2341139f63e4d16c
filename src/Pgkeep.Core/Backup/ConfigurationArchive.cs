using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup;

/// <summary>
/// <c>config.tar.gz</c>: the configuration that lies outside the data directory, as Debian has it. A server does not start without it, and a
/// base backup does not look there.
/// </summary>
internal static class ConfigurationArchive
{
    /// <summary>A configuration file is text that a person writes.</summary>
    private const long LargestFile = 16 * 1024 * 1024;

    /// <summary>The files that were stored; where there are none, there is no archive.</summary>
    public static async Task<IReadOnlyList<string>> WriteAsync(
        BackupPlan plan, PendingBackup pending, int level, ServerConnection connection, Action<string> warn, CancellationToken cancellationToken)
    {
        var files = new List<(string Path, FileStatus Status, byte[] Content)>();
        var inside = FileSystem.Resolve(plan.DataDirectory) + "/";
        var left = LargestFile;
        foreach (var path in await ConfigurationFiles.ReadAsync(plan.Server, connection, cancellationToken))
        {
            try
            {
                if (FileSystem.Resolve(path).StartsWith(inside, StringComparison.Ordinal) || FileStatus.OfTarget(path) is not { Type: FileType.Regular } status)
                {
                    continue;
                }

                if (status.Size > left)
                {
                    warn($"not in the backup: the configuration file \"{path}\" is too large");
                    continue;
                }

                var content = await File.ReadAllBytesAsync(path, cancellationToken);
                left -= content.Length;
                files.Add((path, status, content));
            }
            catch (Exception thrown) when (thrown is PgkeepException || PosixError.IsInputOutput(thrown))
            {
                warn($"not in the backup: {PosixError.From(thrown, "read", path).Message}");
            }
        }

        if (files.Count > 0)
        {
            using var tar = new TarGzFile(pending.CreateFile(RepositoryLayout.ConfigurationName), level);
            foreach (var (path, status, content) in files)
            {
                var entry = new TarEntry(path.TrimStart('/'), TarEntryType.File, content.Length, status.Mode, status.Modified) { UserId = status.UserId, GroupId = status.GroupId };
                tar.WriteFile(entry, content);
            }

            tar.Complete();
        }

        return [.. files.Select(file => file.Path)];
    }
}
