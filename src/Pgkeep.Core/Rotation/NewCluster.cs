using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Rotation;

/// <summary>Who the cluster is that the repository shall belong to from now on. It is asked, and never guessed.</summary>
internal static class NewCluster
{
    public static RepositoryIdentity OfDataDirectory(string path) =>
        RepositoryIdentity.TryOf(ControlFileReader.Read(path))
        ?? throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the data directory \"{path}\" is of no PostgreSQL that this pgkeep knows");

    public static async Task<RepositoryIdentity> OfServerAsync(ConnectionSettings connection, CancellationToken cancellationToken)
    {
        try
        {
            await using var server = await ServerConnection.OpenAsync(connection, cancellationToken);
            var rows = await server.QueryAsync(
                """
                SELECT system_identifier::text, current_setting('server_version_num'), (SELECT setting::int8 FROM pg_settings WHERE name = 'wal_segment_size')
                FROM pg_control_system()
                """,
                row => new RepositoryIdentity(
                    ServerFacts.SystemIdentifierOf(row.Get<string>(0)),
                    int.Parse(row.Get<string>(1), CultureInfo.InvariantCulture) / 10000,
                    new WalSegmentSize(checked((uint)row.Get<long>(2)))),
                cancellationToken);
            return rows[0];
        }
        catch (PgkeepException failure)
        {
            throw new PgkeepException(
                failure.Kind, $"cannot tell which cluster is the new one: {failure.Message}", failure, "start its server, or name its data directory with --pgdata");
        }
    }
}
