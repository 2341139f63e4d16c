using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;

namespace Pgkeep.Restore.Host;

/// <summary>
/// Compares the settings that bound a server with those of the backup's. One that replays as a hot standby stops where it has less (PostgreSQL's manual, "Hot Standby"); the restore's own
/// does not, for it is none. A configuration inside the data directory comes out of the backup, so only one outside is looked at.
/// </summary>
internal static class LimitProof
{
    private const string PreparedTransactions = "max_prepared_transactions";

    private static readonly string[] Limits = ["max_connections", "max_worker_processes", "max_wal_senders", PreparedTransactions, "max_locks_per_transaction"];

    /// <param name="replaysAsStandby">Whether the server itself replays, as it is configured, and not the restore's own.</param>
    /// <returns>What a person should know before saying yes.</returns>
    public static async Task<IReadOnlyList<string>> RequireEnoughAsync(ClusterMetadata cluster, ServerPrograms programs, Account account, bool replaysAsStandby, CancellationToken cancellationToken)
    {
        if (cluster.ConfigFile is not { } configuration)
        {
            return [];
        }

        var values = await Task.WhenAll(Limits.Select(name => programs.ReadSettingAsync(name, configuration, account, cancellationToken)));
        var lower = LowerOnes(cluster.Settings, Limits.Zip(values));
        return lower.Count == 0 || !replaysAsStandby
            ? [.. lower.Where(limit => limit.Name == PreparedTransactions).Select(limit => $"{Describe(limit, configuration)}: where transactions are left prepared, the restored server does not start")]
            : throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"{string.Join(", ", lower.Select(limit => Describe(limit, configuration)))}: a server that replays the WAL as it is configured stops there",
                "nothing was changed; raise the setting, or let the restore recover the cluster: without --no-start and --target-action pause");
    }

    /// <param name="recorded">Of the backup's server.</param>
    /// <param name="own">As the configuration has them; null where that is not known.</param>
    public static IReadOnlyList<LowerLimit> LowerOnes(IReadOnlyDictionary<string, string> recorded, IEnumerable<(string Name, string? Value)> own) =>
    [
        .. from setting in own
           where int.TryParse(setting.Value, NumberStyles.None, CultureInfo.InvariantCulture, out _) && int.TryParse(recorded.GetValueOrDefault(setting.Name), NumberStyles.None, CultureInfo.InvariantCulture, out _)
           let limit = new LowerLimit(setting.Name, int.Parse(setting.Value!, CultureInfo.InvariantCulture), int.Parse(recorded[setting.Name], CultureInfo.InvariantCulture))
           where limit.Own < limit.Recorded
           select limit,
    ];

    private static string Describe(LowerLimit limit, string configuration) => $"\"{configuration}\" has {limit.Name} = {limit.Own}, and the backup's server had {limit.Recorded}";
}

/// <param name="Own">On this machine.</param>
/// <param name="Recorded">When the backup was taken.</param>
internal sealed record LowerLimit(string Name, int Own, int Recorded);
