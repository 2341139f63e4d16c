using System.Globalization;
using System.Text.RegularExpressions;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Targets;

namespace Pgkeep.Restore;

/// <summary>What a server that failed to recover wrote, read for a person. Messages are those of PostgreSQL 13 to 18 in English.</summary>
internal sealed partial class RecoveryLog
{
    private readonly string _text;

    public RecoveryLog(string text) => _text = text;

    /// <summary>Of the last transaction that was replayed; null where none was.</summary>
    public DateTimeOffset? LastCommit =>
        LastCommitPattern().Matches(_text).LastOrDefault() is { } match
        && DateTimeOffset.TryParse(match.Groups["time"].Value.Replace(" UTC", "Z", StringComparison.Ordinal), CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? time
            : null;

    // xlogrecovery.c (before 15: xlog.c), recoveryStopsAfter and its callers
    public bool HasShutDownAtTarget => _text.Contains("shutdown at recovery target", StringComparison.Ordinal);

    /// <param name="said">What pg_ctl said.</param>
    /// <param name="other">The timeline that a restore without the target follows, where it is another one; null where it is the same.</param>
    public PgkeepException Explain(RecoveryTarget target, string said, TimelineId? other = null)
    {
        // xlogrecovery.c, "recovery ended before configured recovery target was reached"
        if (target.Kind != RecoveryTargetKind.Latest && _text.Contains("recovery ended before configured recovery target was reached", StringComparison.Ordinal))
        {
            var last = LastCommit is { } commit ? $"the last commit in the archive is at {commit.ToLocalTime():yyyy-MM-dd HH:mm:ss.FFFFFF zzz}" : "no commit was found in the archived WAL";
            return new PgkeepException(
                ErrorKind.TargetUnreachable,
                $"the target, {target}, was not reached: {last}",
                other is { } latest
                    ? $"take a moment before that commit; without a target the restore follows timeline {latest}, which began after it, with all that was written there"
                    : "everything up to that commit is what you get without a target: leave it out",
                "after a restore to an earlier moment, later ones can be reached again once it is undone: pgkeep restore rollback");
        }

        // xlogrecovery.c, "requested recovery stop point is before consistent recovery point"
        if (_text.Contains("requested recovery stop point is before consistent recovery point", StringComparison.Ordinal))
        {
            return new PgkeepException(
                ErrorKind.TargetUnreachable, $"the target, {target}, lies before the backup's files are consistent", "take an earlier backup, or a later target");
        }

        // get-wal's own words tell why the server could not go on.
        var fetch = FetchPattern().Matches(_text).LastOrDefault()?.Groups["text"].Value;
        var fatal = FatalPattern().Matches(_text).LastOrDefault()?.Groups["text"].Value;
        return new PgkeepException(
            ErrorKind.ServerFailed,
            $"the recovery failed: {fatal ?? said.ReplaceLineEndings(" ")}{(fetch is null ? "" : $"; get-wal said: {fetch}")}",
            "the server's messages are in the restore log");
    }

    [GeneratedRegex(@"last completed transaction was at log time (?<time>.+)")]
    private static partial Regex LastCommitPattern();

    [GeneratedRegex(@"^error: (?<text>.+)", RegexOptions.Multiline)]
    private static partial Regex FetchPattern();

    [GeneratedRegex(@"(FATAL|PANIC):\s+(?<text>.+)")]
    private static partial Regex FatalPattern();
}
