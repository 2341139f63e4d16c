using Pgkeep.Diagnostics;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;

namespace Pgkeep.Backup.Sources;

/// <summary>
/// Which way to the server's files is taken: its own on this host where they are, or else through the connection, where the role may. Rights are
/// looked at all at once, so that a person grants them once.
/// </summary>
internal static class SourceChoice
{
    private const string OwnHost = "run pgkeep backup on the server's own host, as the server's account";

    /// <summary>What the way through the connection calls, besides what every backup does.</summary>
    private static readonly string[] FileFunctions =
        ["pg_ls_dir(text,boolean,boolean)", "pg_stat_file(text,boolean)", "pg_read_binary_file(text,bigint,bigint,boolean)"];

    /// <returns>The source, and why it is this one.</returns>
    public static async Task<(SourceName Source, string Why)> ChooseAsync(SourceName wanted, ServerConnection connection, ServerFacts server, CancellationToken cancellationToken)
    {
        var problem = wanted == SourceName.Sql ? null : ProblemWithLocal(server);
        var source = (wanted, problem) switch
        {
            (SourceName.Sql, _) => SourceName.Sql,
            (_, null) => SourceName.Files,
            (SourceName.Files, _) => throw problem,
            _ => SourceName.Sql,
        };
        await RequireRightsAsync(source, connection, server, problem, cancellationToken);
        return (source, wanted != SourceName.Auto ? "as asked for" : problem?.Message ?? $"\"{server["data_directory"]}\" is on this host");
    }

    private static async Task RequireRightsAsync(SourceName source, ServerConnection connection, ServerFacts server, PgkeepException? problem, CancellationToken cancellationToken)
    {
        List<string> grants = server["data_directory"].Length == 0 ? ["GRANT pg_read_all_settings TO {0};"] : [];
        if (server is { NeedsSlot: true, MayReplicate: false })
        {
            grants.Add("ALTER ROLE {0} REPLICATION;");
        }

        string[] functions = [server.Version.BackupStartFunction, server.Version.BackupStopFunction, .. source == SourceName.Sql ? FileFunctions : []];
        try
        {
            await RoleRights.RequireAsync(connection, functions, grants, cancellationToken);
        }
        catch (PgkeepException denied) when (problem is not null && server["data_directory"].Length > 0)
        {
            throw new PgkeepException(denied.Kind, $"{problem.Message}; through the connection, {denied.Message}", [.. problem.Hints, .. denied.Hints]);
        }
    }

    /// <summary>Null where the server's files seem to be on this host; its own start will show.</summary>
    private static PgkeepException? ProblemWithLocal(ServerFacts server)
    {
        var path = server["data_directory"];
        if (path.Length == 0)
        {
            // Nobody told: the rights, which are asked for next, say what is lacking.
            return null;
        }

        if (!Directory.Exists(path))
        {
            return new PgkeepException(ErrorKind.ServerUnsuitable, $"the server's data directory \"{path}\" cannot be seen from here", OwnHost);
        }

        try
        {
            var control = ControlFileReader.Read(path);
            return control.SystemIdentifier == server.SystemIdentifier ? null : new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"the local \"{path}\" has the system identifier {control.SystemIdentifier}, and the connected server {server.SystemIdentifier}",
                "the server runs on another host: run pgkeep backup there");
        }
        catch (PgkeepException unreadable) when (unreadable.Kind is ErrorKind.AccessDenied or ErrorKind.ServerUnsuitable or ErrorKind.StorageFailed)
        {
            var kind = unreadable.Kind == ErrorKind.AccessDenied ? ErrorKind.AccessDenied : ErrorKind.ServerUnsuitable;
            return new PgkeepException(kind, $"the server's data directory is not to be read from here: {unreadable.Message}", unreadable, OwnHost);
        }
    }
}
