using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;

namespace Pgkeep.Backup.Streamed;

/// <summary>
/// PostgreSQL's <c>pg_basebackup</c>. It sends the cluster's WAL along (<c>-X fetch</c>, which 13 to 18 allow with a tar on standard output, unlike
/// <c>-X stream</c>), and does not wait for the server's archive: that is ours to watch.
/// </summary>
internal sealed record BaseBackupProgram(string Path)
{
    private const string Name = "pg_basebackup";

    /// <summary>pg_basebackup.c, BaseBackup: its own words, which LC_ALL=C keeps in English.</summary>
    private const string SeveralTablespaces = "can only write single tablespace to stdout";

    public static async Task<BaseBackupProgram> FindAsync(int serverMajor, string? binDirectory, CancellationToken cancellationToken) =>
        new(await ServerPrograms.FindClientAsync(Name, serverMajor, binDirectory, cancellationToken));

    public static bool RefusesTablespaces(string errors) => errors.Contains(SeveralTablespaces, StringComparison.Ordinal);

    /// <summary>The tar of a cluster without tablespaces on its standard output, manifest and WAL in it.</summary>
    public ProgramStream StartToOutput(BackupSettings settings, string label) => Start(settings, label, "-", "--no-estimate-size");

    /// <summary>
    /// A tar for each tablespace into a directory. Nothing of this would notice that we were killed but its progress, which it writes once a
    /// second: that breaks with our end of the pipe.
    /// </summary>
    public ProgramStream StartToDirectory(BackupSettings settings, string label, string directory) => Start(settings, label, directory, "--progress", "--no-sync");

    public static PgkeepException Failed(int exitCode, string errors)
    {
        var words = string.Join("; ", errors.Split('\n').Where(line => line.Length > 0 && !IsProgress(line)));
        return new PgkeepException(
            ErrorKind.ServerFailed,
            words.Length > 0 ? $"pg_basebackup failed: {words}" : $"pg_basebackup ended with exit code {exitCode}",
            "the server's log may say more; nothing of this backup is left");
    }

    private static bool IsProgress(string line) => line.Contains(" kB (", StringComparison.Ordinal);

    private ProgramStream Start(BackupSettings settings, string label, string target, params string[] more) => ProgramStream.Start(
        Path,
        [
            "-D", target, "-Ft", "-X", "fetch", "-c", settings.FastCheckpoint ? "fast" : "spread", "--manifest-checksums=CRC32C", "--label", label, "--no-password", .. more,
        ],
        ClientEnvironment.Of(settings.Connection));
}
