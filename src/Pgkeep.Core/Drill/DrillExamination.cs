using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Server;
using Pgkeep.Restore;
using Pgkeep.Restore.Copies;

namespace Pgkeep.Drill;

/// <summary>What is looked at in a recovered copy while its server runs, which nobody else can reach. Nothing that a role or a database has set is loaded into these sessions.</summary>
internal sealed class DrillExamination
{
    private const string SessionOptions = "-c session_preload_libraries= -c local_preload_libraries=";

    /// <summary>Of a program's words in a report.</summary>
    private const int LongestDetail = 4000;

    private readonly DrillSettings _settings;
    private readonly CopyPlan _plan;
    private readonly IReadOnlyList<SqlStatement> _statements;

    public DrillExamination(DrillSettings settings, CopyPlan plan, IReadOnlyList<SqlStatement> statements) => (_settings, _plan, _statements) = (settings, plan, statements);

    /// <param name="draft">Is told of each check, and when all databases could be used: a restore would be over then.</param>
    public async Task RunAsync(RecoveryServer server, DrillDraft draft, CancellationToken cancellationToken)
    {
        var health = await new ClusterHealthCheck(_plan.Restore, server, null) { SessionOptions = SessionOptions }.RunAsync(cancellationToken);
        draft.Add(health.Problems.Count == 0
            ? new DrillCheck("databases", true, $"{health.Databases.Count} databases open and can be read: {string.Join(", ", health.Databases)}")
            : new DrillCheck("databases", false, string.Join("; ", health.Problems)));
        draft.Open();
        if (health.Role is not { } role || health.Databases is not [var database, ..])
        {
            return;
        }

        using var socket = server.OpenSocket();
        draft.Add(await CheckEndAsync(socket, role, database, draft, cancellationToken));
        var amcheck = new Amcheck(_plan.Restore, socket, (role, database) => OpenAsync(socket, role, database, cancellationToken), _settings.Restore.Fetch.Jobs);
        if (_settings.Restore.RunsAmcheck)
        {
            var (isSound, detail) = await amcheck.RunAsync(role, health.Databases, cancellationToken);
            draft.Add(new DrillCheck(Amcheck.ProgramName, isSound, detail));
        }

        if (_settings.SqlFile is not null)
        {
            draft.Add(await RunStatementsAsync(socket, await amcheck.FindSuperuserAsync(role, database, cancellationToken), cancellationToken));
        }
    }

    /// <summary>The server has promoted itself, and has the last commit that the WAL was to lead to.</summary>
    private async Task<DrillCheck> CheckEndAsync(RecoverySocket socket, string role, string database, DrillDraft draft, CancellationToken cancellationToken)
    {
        await using var server = await OpenAsync(socket, role, database, cancellationToken);
        var isRecovering = await server.ScalarAsync<bool>("SELECT pg_is_in_recovery()", cancellationToken);
        var microseconds = await server.QueryAsync(
            "SELECT (extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000000)::bigint", row => row.IsNull(0) ? (long?)null : row.Get<long>(0), cancellationToken);
        DateTimeOffset? last = microseconds[0] is { } known ? DateTimeOffset.UnixEpoch.AddTicks(known * TimeSpan.TicksPerMicrosecond) : null;
        draft.LastCommit = last;
        var planned = Planned(_plan.Restore.Wal.End);
        return isRecovering ? new DrillCheck("end", false, "the server is still in recovery")
            : planned > (last ?? DateTimeOffset.MinValue) ? new DrillCheck("end", false, $"the last transaction ended at {Show(last)}, and the WAL leads to one that ended at {Show(planned)}")
            : new DrillCheck("end", true, last is null ? "promoted; no transaction ended in the WAL that was replayed" : $"promoted; the last transaction ended at {Show(last)}");
    }

    /// <summary>The last commit that the plan read in the WAL before the end.</summary>
    private static DateTimeOffset? Planned(RecoveryEnd end) => end.LastIn is [.., var last] ? last.Time : null;

    /// <summary>Each in its own transaction. What answers with one boolean column must answer true: null says no more than false does.</summary>
    private async Task<DrillCheck> RunStatementsAsync(RecoverySocket socket, string superuser, CancellationToken cancellationToken)
    {
        var name = $"sql {_settings.SqlFile}";
        await using var server = await OpenAsync(socket, superuser, _settings.Database, cancellationToken);
        foreach (var statement in _statements)
        {
            var isFalse = false;
            try
            {
                await server.ForEachAsync(statement.Text, row => isFalse |= row.Columns == 1 && row.IsBoolean(0) && (row.IsNull(0) || !row.Get<bool>(0)), cancellationToken);
            }
            catch (PgkeepException failure)
            {
                return new DrillCheck(name, false, $"line {statement.Line}: {Shorten(failure.Message)}");
            }

            if (isFalse)
            {
                return new DrillCheck(name, false, $"line {statement.Line} answers false: {Shorten(statement.Text.ReplaceLineEndings(" "))}");
            }
        }

        return new DrillCheck(name, true, $"{_statements.Count} statements succeeded");
    }

    private static Task<ServerConnection> OpenAsync(RecoverySocket socket, string role, string database, CancellationToken cancellationToken) => ServerConnection.OpenAsync(
        new ConnectionSettings { Host = socket.Directory, Port = socket.Port, User = role, Database = database, SslMode = "disable", SessionOptions = SessionOptions }, cancellationToken);

    private static string Show(DateTimeOffset? moment) => moment is { } known ? $"{known.ToLocalTime():yyyy-MM-dd HH:mm:ss.fff zzz}" : "no time at all";

    private static string Shorten(string text) => text.Length <= LongestDetail ? text : text[..LongestDetail] + " …";
}
