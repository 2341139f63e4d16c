using System.Text.RegularExpressions;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Restore;

namespace Pgkeep.Drill;

/// <summary>Tells a backup that failed its drill from a drill that could not be done.</summary>
internal static partial class DrillJudgement
{
    /// <param name="isReplaying">The server had the copy's files, and nothing else was missing.</param>
    /// <param name="serverLog">What that server said.</param>
    public static DrillOutcome Of(PgkeepException failure, RestoreSettings settings, bool isReplaying, string serverLog) => failure.Kind switch
    {
        ErrorKind.BackupDamaged or ErrorKind.RepositoryCorrupt or ErrorKind.WalMissing or ErrorKind.WalInvalid => DrillOutcome.Failed,
        // A name that somebody typed is not the backup's fault.
        ErrorKind.BackupMissing when settings.Backup is null => DrillOutcome.Failed,
        ErrorKind.TargetUnreachable when isReplaying || settings.Target.Kind == RecoveryTargetKind.Latest => DrillOutcome.Failed,
        ErrorKind.ServerFailed when isReplaying && HasBegun().IsMatch(serverLog) && !OutOfRoom().IsMatch($"{failure.Message}\n{serverLog}") => DrillOutcome.Failed,
        _ => DrillOutcome.NotDone,
    };

    // PostgreSQL src/backend/access/transam/xlogrecovery.c, InitWalRecovery: what fails before these lines is the machine's, not the backup's
    [GeneratedRegex("starting (archive recovery|point-in-time recovery|backup recovery)")]
    private static partial Regex HasBegun();

    [GeneratedRegex("No space left on device|Disk quota exceeded|out of memory|Cannot allocate memory", RegexOptions.IgnoreCase)]
    private static partial Regex OutOfRoom();
}
