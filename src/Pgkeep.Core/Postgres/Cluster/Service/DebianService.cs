using Pgkeep.Posix;

namespace Pgkeep.Postgres.Cluster.Service;

/// <summary>Debian's pg_ctlcluster, which goes through systemd where there is one.</summary>
internal sealed class DebianService(DebianCluster cluster, Account account) : IServerService
{
    private const string Program = "/usr/bin/pg_ctlcluster";

    public static bool IsInstalled => File.Exists(Program);

    public string Name => $"pg_ctlcluster {cluster.Version} {cluster.Name}";

    /// <summary>pg_ctlcluster wants root or the cluster's owner, and as root it can reach systemd.</summary>
    private Account? RunAs => Account.IsRoot ? null : account;

    public Task<ProgramResult> StopAsync() =>
        ProgramRun.RunAsync(Program, [cluster.Version, cluster.Name, "stop", "--mode", "fast"], RunAs, CancellationToken.None);

    public Task<ProgramResult> StartAsync(string log, IReadOnlyList<string> options) =>
        ProgramRun.RunAsync(Program, [cluster.Version, cluster.Name, "start"], RunAs, CancellationToken.None);
}
