using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Check;

/// <summary>How far the archive is behind the server, and whether the last attempt to archive was a success.</summary>
internal static class WalCheck
{
    private const string Part = "WAL";

    /// <summary>An idle server still writes a record or two into a new segment, which it never archives on their account.</summary>
    private const ulong IdleBytes = 8192;

    public static async Task<CheckFinding> RunAsync(CheckSettings settings, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await using var server = await ServerConnection.OpenAsync(settings.Connection, cancellationToken);
            var report = await ArchiverReport.ReadAsync(server, cancellationToken);
            var stores = ArchiveStores.Of(settings.Layout);
            // After the server was asked: what it says it has archived must be there by now.
            var inventory = await stores.Archive.ListAsync(cancellationToken);
            var identity = await RepositoryMarker.ReadAsync(stores.Marked[0], cancellationToken);
            return ArchivedProof.FindMismatch(report, identity) is { } mismatch
                ? new CheckFinding(Part, CheckState.Critical, "The server is of another cluster than the repository", mismatch)
                : ArchivedProof.FindLoss(report, inventory) is { } loss
                    ? new CheckFinding(Part, CheckState.Critical, $"WAL archiving stores nothing: {report.LastArchived}", loss)
                    : Judge(report, settings.MaxWalLag, inventory.Timelines.Any(), identity is null ? [] : ReceiverStatus.ReadAll(settings.Layout, identity, inventory, report, time.GetUtcNow()));
        }
        catch (PgkeepException failure)
        {
            return CheckFinding.Unknown(Part, failure.Message);
        }
    }

    /// <summary>Of archive_command and of the receivers together: the worst makes the headline.</summary>
    /// <param name="hasArchive">As below.</param>
    public static CheckFinding Judge(ArchiverReport report, TimeSpan limit, bool hasArchive, IReadOnlyList<ReceiverStatus> receivers)
    {
        var used = receivers.Where(receiver => receiver.IsUsed).ToList();
        if (used.Count == 0)
        {
            return Judge(report, limit, hasArchive);
        }

        var findings = used.Select(receiver => Judge(receiver, limit)).ToList();
        if (report.ArchivesItself)
        {
            findings.Insert(0, Judge(report, limit, hasArchive));
        }

        var lag = used.Select(receiver => receiver.Lag).Append(report.ArchivesItself ? Lag(report) : TimeSpan.Zero).Max();
        return findings.MaxBy(finding => finding.State)! with
        {
            Detail = string.Join("; ", findings.Select(finding => finding.Detail)),
            Measure = $"wal_lag={(long)lag.TotalSeconds}s;{(long)limit.TotalSeconds};",
        };
    }

    /// <summary>While nobody receives, the server keeps all WAL for the slot, and its disk fills: beyond the limit that is no warning any more.</summary>
    private static CheckFinding Judge(ReceiverStatus receiver, TimeSpan limit)
    {
        var isLate = receiver.Lag > limit;
        var (state, headline) = receiver switch
        {
            { IsLost: true } => (CheckState.Critical, $"WAL is lost to the receiver {receiver.Name}"),
            { Problem: not null } => (isLate ? CheckState.Critical : CheckState.Warning, $"WAL receiver {receiver.Name} is not running"),
            _ when isLate => (CheckState.Warning, $"WAL receiver {receiver.Name} delayed {(long)receiver.Lag.TotalSeconds}s"),
            _ => (CheckState.Ok, ""),
        };
        var behind = receiver.LagBytes is { } bytes ? $", {SizeText.Short(bytes)} behind the server" : "";
        var waits = receiver.Lag > TimeSpan.Zero ? $", nothing came for {LengthOfTime.Rough(receiver.Lag)} (limit {LengthOfTime.Of(limit)})" : "";
        var detail = $"receiver {receiver.Name} {(receiver.IsActive ? "active" : "not active")}, received to {receiver.Received?.ToString() ?? "no known position"}{behind}{waits}";
        return new CheckFinding(Part, state, headline, receiver.Problem is { } problem ? $"{detail}: {problem}" : detail);
    }

    /// <param name="hasArchive">Whether WAL of the server was ever archived: then somebody has turned it off, where otherwise nobody wanted it.</param>
    public static CheckFinding Judge(ArchiverReport report, TimeSpan limit, bool hasArchive)
    {
        if (report.IsInRecovery && report.ArchiveMode != "always")
        {
            return new CheckFinding(Part, CheckState.Ok, "", "the server is a standby, and its primary archives, if anything does");
        }

        if (!report.Archives)
        {
            var why = report.ArchiveMode == "off" ? "archive_mode is off" : "archive_command is empty";
            return new CheckFinding(
                Part,
                hasArchive ? CheckState.Warning : CheckState.Ok,
                hasArchive ? "WAL archiving is off" : "",
                $"{why}: a backup restores to its own end, and no moment after it can be restored");
        }

        var lag = Lag(report);
        var isLate = lag > limit;
        var seconds = (long)lag.TotalSeconds;
        var headline = isLate ? $"WAL archiving delayed {seconds}s" : report.IsFailing ? $"WAL archiving fails: {report.LastFailed}" : "";
        return new CheckFinding(Part, headline.Length > 0 ? CheckState.Warning : CheckState.Ok, headline, Describe(report, lag, limit))
        {
            Measure = $"wal_lag={seconds}s;{(long)limit.TotalSeconds};",
        };
    }

    /// <summary>Since when WAL waits that a disaster would take; zero where none waits.</summary>
    public static TimeSpan Lag(ArchiverReport report)
    {
        var since = report switch
        {
            { WaitingSince: { } waiting } => waiting,
            _ when HasUnarchived(report) => report.LastArchivedTime ?? report.Since,
            _ => report.Now,
        };
        return report.Now > since ? report.Now - since : TimeSpan.Zero;
    }

    /// <summary>
    /// Whether something was written after the last archived segment. What stands in the segment under way counts only where no archive_timeout
    /// will end it: otherwise that does, as soon as there is anything worth it.
    /// </summary>
    private static bool HasUnarchived(ArchiverReport report)
    {
        if (report.Written is not { } written)
        {
            return false;
        }

        if (report.LastArchived is not { Length: >= WalSegmentName.Length } name || !WalSegmentName.TryParse(name.AsSpan(0, WalSegmentName.Length), out var last))
        {
            // Nothing was archived yet, or a timeline's history came last: the size of the segment under way is all there is to go by.
            return !report.KnowsWaiting || (report.ArchiveTimeout == TimeSpan.Zero && report.SegmentSize.OffsetOf(written) > IdleBytes);
        }

        var end = last.StartLsn(report.SegmentSize) + report.SegmentSize.Bytes;
        var beyond = written > end ? written - end : 0;
        return report.ArchiveTimeout == TimeSpan.Zero ? beyond > IdleBytes : !report.KnowsWaiting && beyond >= report.SegmentSize.Bytes;
    }

    private static string Describe(ArchiverReport report, TimeSpan lag, TimeSpan limit)
    {
        var last = report.LastArchivedTime is { } time
            ? $"last stored \"{report.LastArchived}\" {LengthOfTime.Rough(report.Now > time ? report.Now - time : TimeSpan.Zero)} ago"
            : "nothing stored yet";
        var waits = lag > TimeSpan.Zero ? $", WAL waits since {LengthOfTime.Rough(lag)} (limit {LengthOfTime.Of(limit)})" : ", none waits";
        return $"{last}{waits}{(report.IsFailing ? $"; {report.DescribeFailure()}" : "")}";
    }
}
