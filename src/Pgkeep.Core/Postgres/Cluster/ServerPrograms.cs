using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Postgres.Cluster;

/// <summary>PostgreSQL's own programs of one major version.</summary>
internal sealed record ServerPrograms(string Directory)
{
    public string Postgres => Path.Combine(Directory, "postgres");

    public string PgCtl => Path.Combine(Directory, "pg_ctl");

    public string InitDb => Path.Combine(Directory, "initdb");

    /// <summary>As PostgreSQL writes it: <c>15.18</c>; null where nobody has asked yet.</summary>
    public string? Version { get; private init; }

    /// <summary>Looks where it was told, where the backup's server had them, and where packages put them.</summary>
    /// <param name="named">By the bindir option; then nothing else is looked at.</param>
    /// <param name="recorded">By the backup, which is not to be trusted: whatever lies there is run as the account, never as root.</param>
    public static async Task<ServerPrograms> FindAsync(int major, string? named, string? recorded, Account account, CancellationToken cancellationToken)
    {
        var candidates = named is not null ? [named] : Candidates(major, recorded).Distinct().ToList();
        foreach (var programs in candidates.Select(directory => new ServerPrograms(directory)).Where(programs => File.Exists(programs.Postgres)))
        {
            if (await programs.TryReadVersionAsync(account, cancellationToken) is { } version && MajorOf(version) == major)
            {
                return programs with { Version = version };
            }
        }

        throw new PgkeepException(
            ErrorKind.ServerUnsuitable,
            $"there are no programs of PostgreSQL {major} in {string.Join(", ", candidates.Select(directory => $"\"{directory}\""))}",
            $"a physical backup needs the same major version: install PostgreSQL {major}",
            "or name the directory that holds postgres and pg_ctl with --bindir");
    }

    /// <summary>One of PostgreSQL's client programs, which must not be older than the server; the nearest version first.</summary>
    /// <param name="named">By the bindir option; then nothing else is looked at.</param>
    /// <returns>Its path.</returns>
    public static async Task<string> FindClientAsync(string name, int leastMajor, string? named, CancellationToken cancellationToken)
    {
        var newer = PostgresVersion.All.Select(version => version.Major).Where(major => major >= leastMajor).SelectMany(PackageDirectories);
        var older = PostgresVersion.All.Select(version => version.Major).Where(major => major < leastMajor).SelectMany(PackageDirectories);
        var candidates = named is not null ? [named] : newer.Concat(PathDirectories()).Concat(older).Distinct().ToList();
        var found = new List<string>();
        foreach (var path in candidates.Where(Path.IsPathRooted).Select(directory => Path.Combine(directory, name)).Where(File.Exists))
        {
            var said = (await ProgramRun.RunAsync(path, ["--version"], null, cancellationToken)).Output.Split(' ').ElementAtOrDefault(2) ?? "?";
            if (int.TryParse(said.Split('.')[0], out var major) && major >= leastMajor)
            {
                return path;
            }

            found.Add($"\"{path}\" is of version {said}");
        }

        var places = named is not null ? $"\"{named}\"" : "the usual places and PATH";
        throw new PgkeepException(
            ErrorKind.ServerUnsuitable,
            found.Count == 0 ? $"there is no {name} in {places}" : $"there is no {name} for a server of version {leastMajor}: {string.Join(", ", found)}",
            $"install the client programs of PostgreSQL {leastMajor} or later (Debian: postgresql-client-{leastMajor})",
            "or name the directory that holds them with --bindir");
    }

    /// <summary>Newest first.</summary>
    public static IEnumerable<string> Installed() =>
        from version in PostgresVersion.All.Reverse()
        from directory in PackageDirectories(version.Major).Concat(PathDirectories())
        where File.Exists(Path.Combine(directory, "initdb"))
        select directory;

    /// <summary>From <c>postgres --version</c>, of a test release (<c>18beta1</c>) too; 0 where it does not say.</summary>
    /// <param name="account">As whom the program is asked; null for this process's own account.</param>
    public async Task<int> ReadMajorAsync(Account? account, CancellationToken cancellationToken) => MajorOf(await ReadVersionAsync(account, cancellationToken));

    /// <inheritdoc cref="Version"/>
    public async Task<string> ReadVersionAsync(Account? account, CancellationToken cancellationToken)
    {
        if (Version is not null)
        {
            return Version;
        }

        // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
        var said = await ProgramRun.RunAsync(Postgres, ["--version"], account, cancellationToken);
        return said.Output.Split(' ').ElementAtOrDefault(2) ?? "";
    }

    /// <summary>What a setting is by a configuration file alone, wherever the data directory is; null where that cannot be told.</summary>
    public async Task<string?> ReadSettingAsync(string name, string configuration, Account account, CancellationToken cancellationToken)
    {
        // It wants to have a data directory named, and the other files (PostgreSQL src/backend/utils/misc/guc.c, SelectConfigFiles).
        return await ReadSettingAsync(name, ["-c", $"config_file={configuration}", "-c", "data_directory=/", "-c", "hba_file=/dev/null", "-c", "ident_file=/dev/null"], account, cancellationToken);
    }

    /// <summary>What a setting is for a server that is started so; null where that cannot be told.</summary>
    /// <param name="options">That name its data directory, among others. The answer comes before the server looks at that.</param>
    // PostgreSQL src/backend/postmaster/postmaster.c, PostmasterMain: the value goes to standard output, and whatever the configuration gives rise to, to the log.
    public async Task<string?> ReadSettingAsync(string name, IEnumerable<string> options, Account account, CancellationToken cancellationToken)
    {
        var result = await ProgramRun.RunAsync(Postgres, ["-C", name, .. options], account, cancellationToken);
        return result.ExitCode == 0 ? result.Answer : null;
    }

    private static int MajorOf(string version) => int.TryParse(string.Concat(version.TakeWhile(char.IsAsciiDigit)), out var major) ? major : 0;

    private async Task<string?> TryReadVersionAsync(Account account, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadVersionAsync(account, cancellationToken);
        }
        catch (PgkeepException unusable) when (unusable.Kind == ErrorKind.ServerFailed)
        {
            // A file of that name which cannot be run; the next directory may hold the right one.
            return null;
        }
    }

    private static IEnumerable<string> Candidates(int major, string? recorded) =>
        (recorded is null ? [] : new[] { recorded }).Concat(PackageDirectories(major)).Concat(PathDirectories());

    private static IEnumerable<string> PackageDirectories(int major) => [$"/usr/lib/postgresql/{major}/bin", $"/usr/pgsql-{major}/bin"];

    private static string[] PathDirectories() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
}
