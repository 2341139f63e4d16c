using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Posix;
using Pgkeep.Repository;

namespace Pgkeep.Commands;

/// <summary>The line that cron runs, and the account it runs it for: the owner of the repository.</summary>
internal static class CronJob
{
    private const string Explanation = "# Base backup, then cleanup. pgkeep cron install replaces all between these two marks.\n";

    /// <summary>The account's crontab; root asks cron for it, and stays root.</summary>
    public static Crontab Crontab(CommandContext context) => Posix.Crontab.Of(AccountOf(LayoutOf(context)), context.Surroundings.Environment);

    /// <summary>Cron has nothing to do with where the archive lies.</summary>
    private static RepositoryLayout LayoutOf(CommandContext context) => RepositoryLayout.Of(context.Get(OptionTable.BackupDir), null);

    private static Account AccountOf(RepositoryLayout layout)
    {
        var owner = FileStatus.OfTarget(layout.BackupDirectory)
            ?? throw new PgkeepException(
                ErrorKind.RepositoryMissing,
                $"the directory \"{layout.BackupDirectory}\" (BACKUP_DIR) does not exist, and its owner is the account that cron works for",
                $"create it for the server's account: sudo install -d -o postgres -g postgres -m 0700 \"{layout.BackupDirectory}\"");
        return owner.UserId == 0
            ? throw new PgkeepException(
                ErrorKind.AccessDenied,
                $"\"{layout.BackupDirectory}\" belongs to root, and the server could not write into it",
                $"give it to the server's account: chown -R postgres:postgres \"{layout.BackupDirectory}\"")
            : Account.Find(owner.UserId) ?? throw new PgkeepException(ErrorKind.Configuration, $"\"{layout.BackupDirectory}\" belongs to account {owner.UserId}, which /etc/passwd does not have");
    }

    /// <summary>What stands between the marks. Paths are whole, for cron's PATH is /usr/bin:/bin.</summary>
    public static async Task<string> LinesAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var layout = LayoutOf(context);
        var script = ScriptPath(context);
        await RequireReachableAsync(script ?? CommandSettings.Program, AccountOf(layout), cancellationToken);
        string[] steps = script is null
            ? [$"{ShellQuote.Word(CommandSettings.Program)} backup", $"{ShellQuote.Word(CommandSettings.Program)} cleanup"]
            : [$"{ShellQuote.Word(script)} base", $"{ShellQuote.Word(script)} cleanup"];
        var settings = string.Concat(Settings(context).Select(setting => $"export {setting.Name}={ShellQuote.Word(setting.Value)}; "));
        var command = $"{{ {settings}{string.Join(" && ", steps)}; }} >>{ShellQuote.Word(layout.CronLog)} 2>&1";
        return command.Contains('\n', StringComparison.Ordinal)
            ? throw new PgkeepException(ErrorKind.Configuration, "a path with a line break in it cannot stand in a crontab")
            : $"{Explanation}{context.Get(OptionTable.CronTime)} {CrontabText.Escape(command)}\n";
    }

    /// <summary>What was said for this call only; cron knows nothing but the file.</summary>
    private static IEnumerable<(string Name, string Value)> Settings(CommandContext context)
    {
        if (context.Values.IsSet(OptionTable.Config) && context.Get(OptionTable.Config) != OptionTable.DefaultConfigPath)
        {
            yield return ("PGKEEP_CONFIG", Path.GetFullPath(context.Get(OptionTable.Config)));
        }

        if (context.Values.Find(OptionTable.BackupDir).Source.Kind is SourceKind.CommandLine or SourceKind.Environment)
        {
            yield return ("BACKUP_DIR", Path.GetFullPath(context.Get(OptionTable.BackupDir)));
        }
    }

    /// <summary>The runbook's script where this program lies in its checkout; null for a program that was installed alone.</summary>
    private static string? ScriptPath(CommandContext context)
    {
        var beside = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(CommandSettings.Program)!, "../.."));
        return new[] { context.Surroundings.Environment("PGKEEP_HOME"), beside }
            .Where(home => !string.IsNullOrEmpty(home))
            .Select(home => Path.Combine(home!, "scripts", "backup-postgres.sh"))
            .FirstOrDefault(path => Path.IsPathRooted(path) && FileStatus.OfTarget(path) is { Type: FileType.Regular });
    }

    /// <summary>A checkout in root's home, for example, would fail every night with nobody looking.</summary>
    private static async Task RequireReachableAsync(string program, Account account, CancellationToken cancellationToken)
    {
        var result = await ProgramRun.RunAsync("/usr/bin/test", ["-x", program], account, cancellationToken);
        if (result.ExitCode != 0)
        {
            throw new PgkeepException(
                ErrorKind.AccessDenied,
                $"the account \"{account.Name}\", for which cron would run it, may not execute \"{program}\"",
                "move pgkeep's directory to a place that every account may enter, such as /opt/pgkeep");
        }
    }
}
