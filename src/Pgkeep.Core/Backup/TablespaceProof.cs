using Pgkeep.Backup.Sources;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;

namespace Pgkeep.Backup;

/// <summary>
/// Shows, before anything is copied, that the tablespaces are there and the server's own. Where pgkeep runs, the disk of one may not be mounted, or
/// another cluster's directory lie in its place: the archive would be empty, or another's, and nothing else would notice.
/// </summary>
internal static class TablespaceProof
{
    /// <summary>The server makes and removes databases in it meanwhile.</summary>
    private const int Attempts = 5;

    public static async Task RequireAsync(ServerConnection connection, BackupPlan plan, CancellationToken cancellationToken)
    {
        var mayAsk = plan.Files is LocalFiles
            && await connection.ScalarAsync<bool>("SELECT has_function_privilege('pg_catalog.pg_stat_file(text, boolean)', 'EXECUTE')", cancellationToken);
        foreach (var tablespace in plan.Tablespaces)
        {
            var name = DataDirectoryCopy.NameOf(plan, tablespace);
            if (LocalOf(plan, name) is null
                && await connection.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_catalog.pg_tablespace WHERE oid = $1::oid)", cancellationToken, (long)tablespace.Oid.Value))
            {
                throw Foreign(tablespace, "its directory is not there");
            }

            if (mayAsk && !await IsSameAsync(connection, plan, name, cancellationToken))
            {
                throw Foreign(tablespace, "what lies there is not what the server sees");
            }
        }
    }

    /// <summary>By the time of the directory's last change: two directories that are not one hardly have the same.</summary>
    private static async Task<bool> IsSameAsync(ServerConnection connection, BackupPlan plan, string name, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var before = await ServersAsync(connection, name, cancellationToken);
            var local = LocalOf(plan, name)?.Modified.ToUnixTimeSeconds();
            if (local == before)
            {
                return true;
            }

            if (before == await ServersAsync(connection, name, cancellationToken) && LocalOf(plan, name)?.Modified.ToUnixTimeSeconds() == local)
            {
                return false;
            }
        }

        // It changes all the time, on both sides.
        return true;
    }

    /// <summary>Null where the server has none.</summary>
    private static async Task<long?> ServersAsync(ServerConnection connection, string name, CancellationToken cancellationToken) => (await connection.QueryAsync(
        "SELECT floor(extract(epoch FROM modification))::int8 FROM pg_catalog.pg_stat_file($1, true)", row => row.IsNull(0) ? null : (long?)row.Get<long>(0), cancellationToken, name))[0];

    private static FileStatus? LocalOf(BackupPlan plan, string name) => plan.Files.StatusOf("", [name]).Single();

    private static PgkeepException Foreign(TablespaceLink tablespace, string why) => new(
        ErrorKind.ServerUnsuitable,
        $"the tablespace {tablespace.Oid} in \"{tablespace.Location}\" cannot be backed up: {why}",
        "is its disk mounted where pgkeep runs? A server in a container may see another directory there",
        "run pgkeep where the server's tablespaces are, or copy through the connection with --source sql");
}
