using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Demo;

/// <summary>The PostgreSQL that a demo runs on.</summary>
internal sealed record DemoPrograms(ServerPrograms Programs, string Version)
{
    public static async Task<DemoPrograms> ChooseAsync(string? named, CancellationToken cancellationToken)
    {
        var candidates = named is not null ? [named] : ServerPrograms.Installed().Select(WithoutLinks).Distinct().ToList();
        var found = new List<(int Major, DemoPrograms Choice)>();
        foreach (var programs in candidates.Select(directory => new ServerPrograms(directory)).Where(IsServer))
        {
            var major = await programs.ReadMajorAsync(null, cancellationToken);
            if (PostgresVersion.TryGet(major, out _))
            {
                found.Add((major, new DemoPrograms(programs, await programs.ReadVersionAsync(null, cancellationToken))));
            }
        }

        return found.Count > 0 ? found.MaxBy(one => one.Major).Choice : throw Missing(named);
    }

    /// <summary>A directory on PATH may hold links to the programs; the commands that are printed shall name the real ones.</summary>
    private static string WithoutLinks(string directory) => Path.GetDirectoryName(FileSystem.Resolve(Path.Combine(directory, "initdb"))) ?? directory;

    private static bool IsServer(ServerPrograms programs) => File.Exists(programs.Postgres) && File.Exists(programs.InitDb) && File.Exists(programs.PgCtl);

    private static PgkeepException Missing(string? named)
    {
        var majors = $"{PostgresVersion.All[0].Major} to {PostgresVersion.All[^1].Major}";
        return named is not null
            ? new(ErrorKind.ServerUnsuitable, $"\"{named}\" does not hold initdb, pg_ctl and postgres of a PostgreSQL {majors}", "name the directory of the server's programs, such as /usr/lib/postgresql/16/bin")
            : new(
                ErrorKind.ServerUnsuitable,
                $"the demo runs a PostgreSQL of its own, and there is none of {majors} here",
                "sudo apt-get install --no-install-recommends postgresql",
                "or name the directory that holds initdb, pg_ctl and postgres with --bindir");
    }
}
