using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;
using Pgkeep.Repository.Prefetch;

namespace Pgkeep.Archive;

/// <summary>The cluster whose data directory is the working directory, as it is for the server's own commands.</summary>
internal static class WorkingDirectory
{
    private static bool IsDataDirectory => FileStatus.OfTarget(ControlFileReader.RelativePath) is not null;

    /// <summary>An archive inside the data directory would fill it, be part of every backup, and be moved away by a restore.</summary>
    public static void RequireApart(RepositoryLayout layout)
    {
        if (IsDataDirectory && layout.OverlapWith(Environment.CurrentDirectory) is { } own)
        {
            throw new PgkeepException(
                ErrorKind.Configuration,
                $"the repository's \"{own}\" and the data directory \"{Environment.CurrentDirectory}\" lie one inside the other",
                "set BACKUP_DIR and WAL_ARCHIVE_DIR to places of their own, best on another disk");
        }
    }

    /// <summary>
    /// False where this is not a data directory, and where its server is process 1, as in a container without an init: it would take over a process that
    /// outlives this one, and takes the end of one that was killed for a crash of its own (PostgreSQL src/backend/postmaster/postmaster.c, CleanupBackend).
    /// </summary>
    public static bool MayLeaveProcess => IsDataDirectory && PostmasterFile.OfRunning(".") is not { ProcessId: 1 };

    /// <summary>Absolute. Null where this is not the data directory of a server in recovery, and where no process can be left there.</summary>
    public static string? OfRecovery() => PrefetchDirectory.IsInRecovery(".") && MayLeaveProcess ? Environment.CurrentDirectory : null;

    /// <summary>Whether its server waits for WAL for ever.</summary>
    public static bool IsStandby => File.Exists("standby.signal");

    /// <summary>Null where this is not a data directory.</summary>
    public static RepositoryWitness? Witness => !IsDataDirectory ? null : RepositoryWitness.Of(Environment.CurrentDirectory);

    /// <summary>Null where this is not a data directory.</summary>
    public static RepositoryIdentity? ReadIdentity() =>
        !IsDataDirectory ? null : RepositoryIdentity.TryOf(ControlFileReader.Read("."));
}
