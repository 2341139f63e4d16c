namespace Pgkeep.Demo;

/// <summary>
/// The variables of whoever starts the demo. They may well lead to a real server and a real repository (PGHOST, BACKUP_DIR), and every program
/// that is started here would inherit them, Npgsql in this process reads some too. So all are taken out of this process, but those that
/// are about the terminal, the time and where programs are.
/// </summary>
internal static class CallerEnvironment
{
    private const string DefaultPath = "/usr/local/bin:/usr/bin:/bin";

    private static readonly string[] Kept = ["PATH", "TZ", "TERM", "NO_COLOR"];

    /// <returns>The names that would lead pgkeep or psql elsewhere, for a person who goes on by hand.</returns>
    public static IReadOnlyList<string> Clear()
    {
        var names = Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(name => !Kept.Contains(name)).Order(StringComparer.Ordinal).ToList();
        foreach (var name in names)
        {
            Environment.SetEnvironmentVariable(name, null);
        }

        Environment.SetEnvironmentVariable("PATH", Environment.GetEnvironmentVariable("PATH") ?? DefaultPath);
        Environment.SetEnvironmentVariable("LANG", "C.UTF-8");
        return [.. names.Where(IsMisleading)];
    }

    private static bool IsMisleading(string name) =>
        name != "PGKEEP_HOME" && (name.StartsWith("PG", StringComparison.Ordinal) || Options.OptionTable.Configurable.Any(option => option.EnvironmentName == name));
}
