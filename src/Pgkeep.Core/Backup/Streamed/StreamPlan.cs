using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Backup.Streamed;

/// <summary>Everything that is checked before <c>pg_basebackup</c> is run.</summary>
/// <param name="Connection">An ordinary session, which tells more and may do no more; null where none can be had.</param>
/// <param name="Replication">Holds back the removal of WAL while the backup runs.</param>
/// <param name="WhyThisSource">For the log.</param>
internal sealed record StreamPlan(
    ServerFacts Server, ServerConnection? Connection, ReplicationSession Replication, BaseBackupProgram Program, PageLayout Pages, WalSegmentSize WalSegmentSize, string WhyThisSource)
    : IAsyncDisposable
{
    public const string SourceName = "pg_basebackup";

    public RepositoryIdentity Identity => new(Server.SystemIdentifier, Server.Version.Major, WalSegmentSize);

    /// <param name="connection">The caller's, to be disposed after the plan.</param>
    public static async Task<StreamPlan> MakeAsync(BackupSettings settings, ServerConnection? connection, string why, TimeProvider time, CancellationToken cancellationToken)
    {
        var replication = await ReplicationSession.OpenAsync(settings.Connection, cancellationToken);
        try
        {
            var told = await replication.ReadFactsAsync(time, cancellationToken);
            var server = connection is null ? told : await ServerFacts.ReadAsync(connection, cancellationToken);
            if (server.SystemIdentifier != told.SystemIdentifier)
            {
                throw new PgkeepException(
                    ErrorKind.ServerUnsuitable, $"two connections as {settings.Connection} lead to two different servers", "connect to one server directly, not through a balancer or a list of hosts");
            }

            BackupPlan.CheckSettings(server);
            CheckPlace(settings.Layout, server);
            return new StreamPlan(
                server,
                connection,
                replication,
                await BaseBackupProgram.FindAsync(server.Version.Major, settings.BinDirectory, cancellationToken),
                await PagesAsync(replication, told, cancellationToken),
                await SegmentSizeAsync(replication, cancellationToken),
                why);
        }
        catch
        {
            await replication.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Replication.DisposeAsync();

    /// <summary>By the server's name, or where the role does not see that, by the system identifier.</summary>
    public async Task<BackupOutset> OutsetAsync(CancellationToken cancellationToken)
    {
        string[] names = [Server["cluster_name"], Server["data_directory"], Server.SystemIdentifier.ToString()];
        return new BackupOutset(names.First(name => name.Length > 0), Server["server_version"].Split(' ')[0], await SizeAsync(cancellationToken));
    }

    /// <summary>What the databases take on the server's disk; null where nobody tells.</summary>
    public async Task<long?> SizeAsync(CancellationToken cancellationToken) => Connection is null ? null : await Connection.ScalarAsync<long>(
        """
        SELECT coalesce(sum(CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') OR has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) END), 0)::int8
        FROM pg_catalog.pg_database
        """,
        cancellationToken);

    /// <summary>A server on this host may have its data where the repository is.</summary>
    private static void CheckPlace(RepositoryLayout layout, ServerFacts server)
    {
        if (server["data_directory"] is { Length: > 0 } directory && layout.OverlapWith(directory) is { } own)
        {
            throw new PgkeepException(
                ErrorKind.Configuration,
                $"the repository's \"{own}\" and the server's directory \"{directory}\" lie one inside the other",
                "a backup would contain itself, and a restore would move it away: set BACKUP_DIR to a place of its own, best on another disk");
        }
    }

    private static async Task<PageLayout> PagesAsync(ReplicationSession replication, ServerFacts server, CancellationToken cancellationToken)
    {
        var block = await replication.ReadSizeAsync("block_size", cancellationToken);
        var segment = await replication.ReadSizeAsync("segment_size", cancellationToken);
        return new PageLayout(server["data_checksums"] == "on", checked((uint)block), checked((uint)(segment / block)));
    }

    private static async Task<WalSegmentSize> SegmentSizeAsync(ReplicationSession replication, CancellationToken cancellationToken)
    {
        var bytes = await replication.ReadSizeAsync("wal_segment_size", cancellationToken);
        return bytes <= uint.MaxValue && WalSegmentSize.IsValid((uint)bytes)
            ? new WalSegmentSize((uint)bytes)
            : throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server has WAL segments of {bytes} bytes");
    }
}

/// <param name="SegmentBlocks">Blocks in one file of a large relation.</param>
internal readonly record struct PageLayout(bool HasChecksums, uint BlockSize, uint SegmentBlocks);
