using System.Globalization;
using Pgkeep.Posix;

namespace Pgkeep.Postgres.Cluster.Service;

/// <summary>PostgreSQL's own pg_ctl, as the data directory's owner.</summary>
internal sealed class PgCtlService(string dataDirectory, ServerPrograms programs, Account account) : IServerService
{
    /// <summary>In seconds: a day. What takes that long is watched, not given up.</summary>
    private const string LongestStop = "86400";

    private static readonly TimeSpan LongestStart = TimeSpan.FromHours(1);

    public string Name => "pg_ctl";

    public Task<ProgramResult> StopAsync() => StopAsync(immediate: false, CancellationToken.None);

    public Task<ProgramResult> StartAsync(string log, IReadOnlyList<string> options) => StartAsync(log, options, LongestStart, CancellationToken.None);

    /// <param name="immediate">Without waiting for sessions or a checkpoint.</param>
    public Task<ProgramResult> StopAsync(bool immediate, CancellationToken cancellationToken) =>
        ProgramRun.RunAsync(programs.PgCtl, ["stop", "-D", dataDirectory, "-m", immediate ? "immediate" : "fast", "-w", "-t", LongestStop], account, cancellationToken);

    /// <param name="patience">How long pg_ctl waits for the server to take connections.</param>
    public Task<ProgramResult> StartAsync(string log, IReadOnlyList<string> options, TimeSpan patience, CancellationToken cancellationToken)
    {
        var seconds = ((long)patience.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        string[] arguments = ["start", "-D", dataDirectory, "-l", log, "-w", "-t", seconds, "-p", programs.Postgres, "-o", ShellQuote.Join(options)];
        return ProgramRun.RunAsync(programs.PgCtl, arguments, account, cancellationToken);
    }
}
