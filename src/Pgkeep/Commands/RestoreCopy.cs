using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;
using Pgkeep.Posix;
using Pgkeep.Repository;
using Pgkeep.Repository.Prefetch;
using Pgkeep.Restore;
using Pgkeep.Restore.Copies;

namespace Pgkeep.Commands;

/// <summary>restore --to: a copy beside the cluster.</summary>
internal static class RestoreCopy
{
    public static bool IsAskedFor(CommandContext context)
    {
        if (context.Get(OptionTable.To) is not null)
        {
            return true;
        }

        return context.Values.IsSet(OptionTable.ToPort)
            ? throw new PgkeepException(ErrorKind.Usage, $"--{OptionTable.ToPort.Name} is the port of a copy, and nobody has asked for one", $"name its directory with --{OptionTable.To.Name}")
            : false;
    }

    /// <param name="settings">As for an ordinary restore.</param>
    public static async Task<int> RunAsync(CommandContext context, RestoreSettings settings, CancellationToken cancellationToken)
    {
        foreach (var option in (Option[])[OptionTable.StopServer, OptionTable.PgData, OptionTable.OldWal])
        {
            if (context.Values.Find(option).Source.Kind == SourceKind.CommandLine)
            {
                throw new PgkeepException(ErrorKind.Usage, $"--{option.Name} is about the cluster itself, and a copy (--{OptionTable.To.Name}) leaves that alone", "leave one of them out");
            }
        }

        var planner = new CopyPlanner(settings, new CopySettings(context.Get(OptionTable.To)!, context.Get(OptionTable.ToPort)));
        var plan = await planner.MakeAsync(context.Note, cancellationToken);
        _ = PrefetchDirectory.Of(plan.Restore.DataDirectory, settings.Fetch.Place);
        WritePlan(context, plan);
        if (plan.Restore.Wal.End.IsBehindAll && context.Get(OptionTable.Yes))
        {
            // Less than what was asked for: only a person who has read the plan can want that.
            throw plan.Restore.Wal.BehindAll();
        }

        if (context.Get(OptionTable.DryRun))
        {
            context.Note("Nothing was changed. Run it without --dry-run to make the copy.");
            return 0;
        }

        await context.Confirmation.RequireAsync("restore", cancellationToken);
        var log = new OperationLog(context.Get(OptionTable.RestoreLog), context.Time) { Failed = context.Warn, Echo = context.Note, Owner = plan.Restore.Account };
        var result = await new CopyRun(planner.Settings, plan, log, context.Time).RunAsync(cancellationToken);
        WriteResult(context, result);
        return result.Health is { Problems.Count: > 0 } ? ErrorKinds.Of(ErrorKind.Findings).ExitCode : 0;
    }

    private static void WritePlan(CommandContext context, CopyPlan plan)
    {
        var table = RestorePlanText.Begin(context, plan.Restore);
        table.Add("into", $"{plan.Restore.DataDirectory}, a copy{(plan.HasLeftovers ? "; what one that was broken off has left there is removed first" : "")}");
        table.Add("cluster", "is not touched; the copy ends with the last archived segment, and nothing of the live pg_wal is in it");
        table.Add("server", $"the copy's own, {(context.Get(OptionTable.NoStart) ? "yours to start" : "is started")}: a socket in its data directory, port {plan.Port}, no network, no archiving");
        RestorePlanText.End(context, table, plan.Restore);
    }

    private static void WriteResult(CommandContext context, CopyResult result)
    {
        var plan = result.Plan.Restore;
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(JsonLine.Write(json =>
            {
                json.WriteString("backup", plan.Backup.Name.ToString());
                json.WriteString("data_directory", plan.DataDirectory);
                json.WriteString("socket_directory", plan.DataDirectory);
                json.WriteNumber("port", result.Plan.Port);
                json.WriteStartArray("tablespaces");
                foreach (var tablespace in plan.Tablespaces)
                {
                    json.WriteStartObject();
                    json.WriteNumber("oid", tablespace.Oid);
                    json.WriteString("location", tablespace.Location);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                RestoreResultText.WriteEnd(json, result.Phases, result.Health);
            }));
            return;
        }

        var control = ShellQuote.Join([plan.Programs.PgCtl, "-D", plan.DataDirectory]);
        context.Output.WriteResult(result.Health is null
            ? $"The copy is in {plan.DataDirectory}: start its server, and the recovery begins"
            : $"The copy is there, and its server is running on {plan.DataDirectory}");
        RestoreResultText.WriteEnd(context, result.Phases, result.Health);
        var account = Account.IsRoot ? $"sudo -u {plan.Account.Name} " : "";
        context.Output.WriteResult($"connect   {account}{ShellQuote.Join(["psql", "-h", plan.DataDirectory, "-p", $"{result.Plan.Port}", "postgres"])}: this account alone gets in, as any role");
        context.Output.WriteResult($"settings  {plan.DataDirectory}/postgresql.conf is the copy's own; the cluster's are beside it, as *.original");
        context.Output.WriteResult($"remove    {account}{control} -m fast stop, and then {ShellQuote.Join(result.Plan.Places)}");
    }
}
