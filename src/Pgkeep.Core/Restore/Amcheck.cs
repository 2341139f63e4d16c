using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Server;

namespace Pgkeep.Restore;

/// <summary>What pg_amcheck finds in all tables and indexes of a recovered cluster, on the server that nobody else can reach.</summary>
internal sealed class Amcheck
{
    public const string ProgramName = "pg_amcheck";

    private const string ExtensionName = "amcheck";

    /// <summary>Of the program's words.</summary>
    private const int LongestDetail = 4000;

    private readonly RestorePlan _plan;
    private readonly RecoverySocket _socket;
    private readonly Func<string, string, Task<ServerConnection>> _openAsync;
    private readonly int _jobs;

    /// <param name="openAsync">A session of a role in a database.</param>
    public Amcheck(RestorePlan plan, RecoverySocket socket, Func<string, string, Task<ServerConnection>> openAsync, int jobs) =>
        (_plan, _socket, _openAsync, _jobs) = (plan, socket, openAsync, jobs);

    /// <summary>It came with PostgreSQL 14; to be looked for before anything is touched.</summary>
    public static void Require(ServerPrograms programs)
    {
        if (!File.Exists(PathOf(programs)))
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable, $"there is no {ProgramName} in \"{programs.Directory}\"", "nothing was changed; it comes with PostgreSQL 14 and later: leave --amcheck out");
        }
    }

    /// <param name="databases">All that take connections. The extension is taken away again from those that did not have it.</param>
    /// <exception cref="PgkeepException">It could not do its work.</exception>
    public async Task<AmcheckAnswer> RunAsync(string role, IReadOnlyList<string> databases, CancellationToken cancellationToken)
    {
        var superuser = await FindSuperuserAsync(role, databases[0], cancellationToken);
        var without = new List<string>();
        foreach (var database in databases)
        {
            await using var server = await _openAsync(superuser, database);
            if (!await server.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = $1)", cancellationToken, ExtensionName))
            {
                without.Add(database);
            }
        }

        try
        {
            return await CheckAsync(superuser, cancellationToken);
        }
        finally
        {
            foreach (var database in without)
            {
                await using var server = await _openAsync(superuser, database);
                await server.ExecuteAsync($"DROP EXTENSION IF EXISTS {ExtensionName}", CancellationToken.None);
            }
        }
    }

    /// <summary>The first there is; the role itself where there is none.</summary>
    public async Task<string> FindSuperuserAsync(string role, string database, CancellationToken cancellationToken)
    {
        await using var server = await _openAsync(role, database);
        var found = await server.QueryAsync("SELECT rolname::text FROM pg_catalog.pg_roles WHERE rolsuper AND rolcanlogin ORDER BY oid LIMIT 1", row => row.Get<string>(0), cancellationToken);
        return found is [var superuser] ? superuser : role;
    }

    private static string PathOf(ServerPrograms programs) => Path.Combine(programs.Directory, ProgramName);

    private async Task<AmcheckAnswer> CheckAsync(string superuser, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> words =
        [
            "--host", _plan.DataDirectory, "--port", _socket.Port.ToString(CultureInfo.InvariantCulture), "--username", superuser,
            "--jobs", _jobs.ToString(CultureInfo.InvariantCulture), "--no-password", "--all", "--install-missing", "--heapallindexed",
        ];
        var answer = await ProgramRun.RunAsync(PathOf(_plan.Programs), words, _plan.Account, cancellationToken);
        // Its own codes: 2 for corruption, 1 where it could not work (PostgreSQL src/bin/pg_amcheck/pg_amcheck.c).
        return answer.ExitCode switch
        {
            0 => new AmcheckAnswer(true, "nothing found in tables and indexes of all databases"),
            2 => new AmcheckAnswer(false, Shorten(answer.Output)),
            _ => throw new PgkeepException(ErrorKind.ServerFailed, $"{ProgramName} could not work: {Shorten(answer.Output.ReplaceLineEndings(" "))}", "it needs the extension amcheck, which is in PostgreSQL's contrib package"),
        };
    }

    private static string Shorten(string text) => text.Length <= LongestDetail ? text : text[..LongestDetail] + " …";
}

/// <param name="Detail">For a person.</param>
internal readonly record struct AmcheckAnswer(bool IsSound, string Detail);
