using Pgkeep.Diagnostics;
using Pgkeep.Postgres.Server;
using Pgkeep.Restore.Databases;

namespace Pgkeep.Restore;

/// <summary>
/// Opens every database of a recovered cluster and reads its catalogue, on the server that nobody else can reach. What it finds is told, and changes nothing: there is no
/// better cluster to go back to than the old one, and that decision is a person's.
/// </summary>
internal sealed class ClusterHealthCheck
{
    /// <summary>initdb makes both; one may have been dropped.</summary>
    private static readonly string[] FirstDatabases = ["postgres", "template1"];

    private readonly RestorePlan _plan;
    private readonly RecoveryServer _server;
    private readonly IReadOnlyList<string> _roles;
    private readonly DatabaseChoice? _databases;

    /// <summary>Of each session.</summary>
    public string? SessionOptions { get; init; }

    /// <summary>With how many sessions pg_amcheck looks into all tables and indexes; null where it does not.</summary>
    public int? AmcheckJobs { get; init; }

    /// <param name="role">Null for the usual names: the account's own, which initdb takes, and postgres.</param>
    public ClusterHealthCheck(RestorePlan plan, RecoveryServer server, string? role)
    {
        _plan = plan;
        _server = server;
        _databases = plan.Databases;
        _roles = [.. role is null ? new[] { plan.Account.Name, "postgres" }.Distinct() : [role]];
    }

    /// <param name="cancellationToken">Ends pg_amcheck alone, which may take long: the cluster is recovered already.</param>
    public async Task<ClusterHealth> RunAsync(CancellationToken cancellationToken = default)
    {
        using var socket = _server.OpenSocket();
        var (known, failure) = await ListAsync(socket);
        if (known is not { } found)
        {
            return new ClusterHealth([], [$"no database could be looked at: {failure!.Message}"]);
        }

        var (opened, problems) = (new List<string>(), new List<string>());
        if (found.Open is { } problem)
        {
            problems.Add(problem);
        }

        foreach (var database in found.Databases)
        {
            try
            {
                await using var server = await OpenAsync(socket, found.Role, database);
                _ = await server.ScalarAsync<long>("SELECT count(*) FROM pg_class", CancellationToken.None);
                opened.Add(database);
            }
            catch (PgkeepException unusable)
            {
                problems.Add($"the database \"{database}\" cannot be used: {unusable.Message}");
            }
        }

        var health = new ClusterHealth(opened, problems) { Role = found.Role };
        return AmcheckJobs is { } jobs && opened.Count > 0 ? await RunAmcheckAsync(health, socket, jobs, cancellationToken) : health;
    }

    private async Task<ClusterHealth> RunAmcheckAsync(ClusterHealth health, RecoverySocket socket, int jobs, CancellationToken cancellationToken)
    {
        try
        {
            var (isSound, detail) = await new Amcheck(_plan, socket, (role, database) => OpenAsync(socket, role, database), jobs).RunAsync(health.Role!, health.Databases, cancellationToken);
            return isSound ? health with { Amcheck = detail } : health with { Problems = [.. health.Problems, $"{Amcheck.ProgramName} found: {detail}"] };
        }
        catch (PgkeepException failure)
        {
            return health with { Problems = [.. health.Problems, failure.Message] };
        }
        catch (OperationCanceledException)
        {
            return health with { Problems = [.. health.Problems, $"{Amcheck.ProgramName} was interrupted"] };
        }
    }

    /// <returns>Open tells of emptied databases that could not be closed.</returns>
    private async Task<((string Role, IReadOnlyList<string> Databases, string? Open)? Known, PgkeepException? Failure)> ListAsync(RecoverySocket socket)
    {
        PgkeepException? first = null;
        foreach (var (role, database) in _roles.SelectMany(role => FirstDatabases.Select(database => (role, database))))
        {
            try
            {
                await using var server = await OpenAsync(socket, role, database);
                var open = _databases is null ? null : await EmptiedDatabases.CloseAsync(server, _databases);
                var databases = await server.QueryAsync(
                    "SELECT datname::text, oid::int8 FROM pg_database WHERE datallowconn ORDER BY 1", row => (Name: row.Get<string>(0), Oid: (uint)row.Get<long>(1)), CancellationToken.None);
                return ((role, [.. databases.Where(database => _databases?.IsEmptied(database.Oid) != true).Select(database => database.Name)], open), null);
            }
            catch (PgkeepException failure)
            {
                first ??= failure;
            }
        }

        return (null, first);
    }

    private Task<ServerConnection> OpenAsync(RecoverySocket socket, string role, string database) => ServerConnection.OpenAsync(
        new ConnectionSettings { Host = socket.Directory, Port = socket.Port, User = role, Database = database, SslMode = "disable", SessionOptions = SessionOptions }, CancellationToken.None);
}
