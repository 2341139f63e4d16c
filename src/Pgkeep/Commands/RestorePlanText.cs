using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Restore;
using Pgkeep.Restore.InPlace;

namespace Pgkeep.Commands;

/// <summary>The plan of a restore, for the person who is asked.</summary>
internal static class RestorePlanText
{
    public static void Write(CommandContext context, RestorePlan plan)
    {
        var table = Begin(context, plan);
        if (plan.Wal.Unarchived.Count > 0)
        {
            table.Add("", $"{plan.Wal.Unarchived.Count} of the old server's own, which the archive does not have, are used too");
        }

        table.Add("into", plan.DataDirectory);
        table.Add(
            "old data",
            plan.Reuse == FileReuse.InPlace ? "is changed into the backup where it lies: there is no way back, and no rollback"
                : plan.BrokenOff is { } broken ? $"a restore of {TimestampText.Of(broken.Started, context.Time)} was broken off: it is undone first"
                : plan.OldDataDirectory is null ? $"there is none{(plan.Wal is { Unarchived.Count: 0, EndsWithBackup: false } ? "; if its pg_wal survived somewhere, --old-wal DIR uses it too" : "")}" : $"moves to {plan.Places.Places[0].AsidePattern}; undo: pgkeep restore rollback --pgdata {plan.DataDirectory}");
        foreach (var place in plan.Places.Places.Skip(1).Where(place => place.HadContent))
        {
            table.Add("", $"{place.Path} to {place.AsidePattern}");
        }

        RestoreSpaceText.AddTo(table, plan);
        var isLeft = context.Get(OptionTable.NoStart);
        AddReuse(context, table, plan);
        table.Add("server", plan.Running is { } running
            ? $"running (process {running.ProcessId}): is stopped, {(isLeft ? "and yours to start: the recovery begins then" : "and started again")}"
            : $"not running: {(isLeft ? "yours to start, and the recovery begins then" : "is started")}");
        AddDatabases(context, table, plan);
        End(context, table, plan);
    }

    /// <summary>What is restored.</summary>
    public static TextTable Begin(CommandContext context, RestorePlan plan)
    {
        var table = new TextTable();
        table.Add("target", Describe(context, plan));
        AddCommits(context, table, plan.Wal.End);
        table.Add("backup", $"{plan.Backup.Name}, {(plan.IsBackupChosenByTarget ? "the newest that fits" : "as named")} ({plan.Metadata.StartLsn} to {plan.Metadata.StopLsn}, {TimestampText.Of(plan.Metadata.Stopped, context.Time)})");
        table.Add("WAL", $"{plan.Wal.Chain.Count} segments, {plan.Wal.Chain.First} … {plan.Wal.Chain.Last}: all present, timeline {plan.Wal.Chain.Timeline}");
        if (plan.Wal.ReceivedUntil is { } received)
        {
            table.Add("", $"the last of them was being received: it goes to {received}");
        }

        var version = plan.Metadata.Cluster.PostgresqlVersion;
        table.Add("programs", $"PostgreSQL {plan.Programs.Version}, in {plan.Programs.Directory}{(plan.Programs.Version == version ? "" : $"; the backup is of {version}")}");

        return table;
    }

    /// <summary>The tablespaces; and all of it is shown.</summary>
    public static void End(CommandContext context, TextTable table, RestorePlan plan)
    {
        foreach (var tablespace in plan.Tablespaces)
        {
            table.Add("tablespace", tablespace.IsMoved ? $"{tablespace.Original} ({tablespace.Oid}) into {tablespace.Location}" : $"{tablespace.Location} ({tablespace.Oid})");
        }

        table.Add("time", Describe(RestoreEstimate.Of(plan, context.Get(OptionTable.RestoreLog))));
        table.WriteTo(context.Get(OptionTable.DryRun) ? context.Output.WriteResult : context.Note);
        foreach (var warning in WarningsOf(plan))
        {
            context.Warn(warning);
        }
    }

    public static IEnumerable<string> WarningsOf(RestorePlan plan) => plan.Wal.Warnings.Concat(plan.HostWarnings).Concat(plan.Places.Warnings).Concat(RestoreSpaceText.WarningsOf(plan));

    private static string Describe(RestoreEstimate estimate) => estimate switch
    {
        { Copying: { } copying, Replaying: { } replaying } => $"about {DurationText.Of(copying + replaying)}: copying {DurationText.Of(copying)}, replaying {DurationText.Of(replaying)}, as fast as the last restore here",
        { Copying: { } copying } => $"about {DurationText.Of(copying)} for copying, as fast as the last restore here; the replay was too short to tell",
        _ => "not known: no restore has been measured here yet",
    };

    private static void AddReuse(CommandContext context, TextTable table, RestorePlan plan)
    {
        switch (plan.Reuse)
        {
            case FileReuse.Clone:
                table.Add("", "files of it that are right share their blocks with the restored ones");
                break;
            case FileReuse.InPlace:
                table.Add("", $"{Look(context)} what was written since the backup is lost, files and logs that it does not have are removed");
                table.Add("", "WAL that no archive has is saved beside it first");
                break;
        }

        if (plan.Begun is { } begun)
        {
            table.Add("", $"a restore in place of {TimestampText.Of(begun.Started, context.Time)} was broken off: {Continued(plan, begun)}");
        }
    }

    private static string Continued(RestorePlan plan, InPlaceJournal begun) =>
        !begun.IsWriting ? "it had changed nothing" : plan.Reuse == FileReuse.InPlace ? "this one goes on" : "what is left of the cluster moves aside";

    private static void AddDatabases(CommandContext context, TextTable table, RestorePlan plan)
    {
        if (plan.Databases is not { } databases)
        {
            return;
        }

        table.Add("databases", $"whole: {string.Join(", ", databases.Kept.Select(database => database.Name))}");
        if (databases.Emptied.Count > 0)
        {
            table.Add("", $"{Look(context)} empty, to be dropped afterwards: {string.Join(", ", databases.Emptied.Select(database => database.Name))}");
        }

        table.Add("", "whole too: what was created after the backup");
    }

    private static string Describe(CommandContext context, RestorePlan plan)
    {
        var (target, end) = (plan.Target, plan.Wal.End);
        var place = end.Stop is { } stop ? $", at {stop.Record}{(stop.Moment is { } moment ? $", {TimestampText.WithMilliseconds(moment.Time, context.Time)}" : "")}" : "";
        return target.Kind switch
        {
            RecoveryTargetKind.Time => $"{(target.IsExclusive ? "right before " : "")}{TimestampText.Of(target.Time!.Value.ToLocalTime(), context.Time)} ({target.Time.Value.UtcDateTime:HH:mm:ss.FFFFFF} UTC)",
            RecoveryTargetKind.Xid => $"{(target.IsExclusive ? "right before the commit of" : "up to the commit of")} {target}{place}",
            RecoveryTargetKind.Lsn => $"{(target.IsExclusive ? "right before" : "up to")} the first record that begins at {target} or behind it{place}",
            RecoveryTargetKind.Name => $"{target}{place}",
            RecoveryTargetKind.Immediate => $"the backup's own end, {plan.Metadata.StopLsn}",
            _ => EndOf(plan.Wal),
        };
    }

    /// <summary>What is next to the end of the recovery: a target is right when the last line that is in and the first that is not are the expected ones.</summary>
    private static void AddCommits(CommandContext context, TextTable table, RecoveryEnd end)
    {
        if (end.IsBehindAll)
        {
            table.Add("", $"{Look(context)} no transaction ended after it, and a recovery to it would fail: all the WAL is replayed instead");
        }

        if (end.Repeats.Count > 0)
        {
            var others = string.Join(", ", end.Repeats.Take(RecoveryEndFinder.Near).Select(point => $"{point.Start} ({TimestampText.WithMilliseconds(point.Time, context.Time)})"));
            table.Add("", $"{Look(context)} the name was used again, at {others}{(end.Repeats.Count > RecoveryEndFinder.Near ? " and later" : "")}: the restore ends at the first");
        }

        AddRows("last in", end.LastIn);
        AddRows("first out", end.FirstOut);
        if (end.Told.Kind != RecoveryTargetKind.Latest && end.LastCommit is { } last)
        {
            table.Add("latest", $"{Describe(context, last)}: the last commit that can be restored");
        }

        if (end.Problem is { } problem)
        {
            table.Add("", $"{Look(context)} {problem}");
        }

        void AddRows(string title, IReadOnlyList<WalMoment> commits)
        {
            foreach (var commit in commits)
            {
                table.Add(title, Describe(context, commit));
                title = "";
            }
        }
    }

    private static string Describe(CommandContext context, WalMoment commit) =>
        $"{TimestampText.WithMilliseconds(commit.Time, context.Time)}, {(commit.Xid == 0 ? "a prepared transaction" : $"transaction {commit.Xid}")}, at {commit.Start}";

    private static string Look(CommandContext context) =>
        (context.Get(OptionTable.DryRun) ? context.Output.ResultPalette : context.Output.NotePalette).Paint(Mark.Look, "look:");

    private static string EndOf(RestoreWal wal) => wal switch
    {
        { IsCutOff: true } => "the backup's own end: what was archived later cannot be reached",
        { EndsWithBackup: true } => "the backup's own end: nothing later was archived",
        { ReceivedUntil: not null } => "everything that is archived or was being received",
        _ => "everything that is archived",
    };
}
