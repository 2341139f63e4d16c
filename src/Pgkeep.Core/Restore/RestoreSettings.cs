using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster.Service;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

internal sealed record RestoreSettings
{
    public required RepositoryLayout Layout { get; init; }

    /// <summary>As a person named it; null lets the target choose.</summary>
    public string? Backup { get; init; }

    public required RecoveryTarget Target { get; init; }

    /// <summary>That the recovery goes along; null for the newest that fits.</summary>
    public TimelineId? Timeline { get; init; }

    /// <summary>Null for the one the backup was taken from.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>A directory with WAL of the cluster that survived or was rescued; null for none.</summary>
    public string? OldWal { get; init; }

    /// <summary>The restore is a copy beside the cluster, of which nothing is used.</summary>
    public bool IsBeside { get; init; }

    /// <summary>New places of tablespaces.</summary>
    public IReadOnlyList<TablespaceMove> Moves { get; init; } = [];

    public string? BinDirectory { get; init; }

    public required bool StopServer { get; init; }

    public RecoveryTargetAction Action { get; init; }

    /// <summary>A command that stops the server is leave to stop it.</summary>
    public ServiceCommands Service { get; init; } = ServiceCommands.None;

    /// <summary>Whether the plan is all that is wanted: the whole backup is read for it then, wherever it would go.</summary>
    public bool IsProof { get; init; }

    /// <summary>All is prepared, and somebody else starts the server, which recovers then.</summary>
    public bool IsLeft { get; init; }

    /// <summary>As whom the restored server is looked at; null for one of the usual names.</summary>
    public string? Role { get; init; }

    /// <summary>pg_amcheck looks into the recovered cluster before anybody comes in.</summary>
    public bool RunsAmcheck { get; init; }

    public int? AmcheckJobs => RunsAmcheck ? Fetch.Jobs : null;

    /// <summary>Old files are used where their content is the backup's.</summary>
    public bool IsDelta { get; init; }

    /// <summary>With it: the old files themselves are changed, and nothing moves aside.</summary>
    public bool IsInPlace { get; init; }

    /// <summary>Names of the databases that come with their content; empty for all.</summary>
    public IReadOnlyList<string> OnlyDatabases { get; init; } = [];

    /// <summary>For the replay; zero for none.</summary>
    public required TimeSpan RecoveryTimeout { get; init; }

    public required RecoveryFetch Fetch { get; init; }

    /// <summary>Absolute path of this program, which the server calls for each segment.</summary>
    public required string Program { get; init; }
}
