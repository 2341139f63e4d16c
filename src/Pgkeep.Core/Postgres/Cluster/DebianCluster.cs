using Pgkeep.Posix;

namespace Pgkeep.Postgres.Cluster;

/// <summary>A cluster as Debian's postgresql-common names it: <c>/etc/postgresql/15/main</c>.</summary>
internal sealed record DebianCluster(string Version, string Name)
{
    private const string Root = "/etc/postgresql";

    /// <summary>The one whose configuration names a data directory, by whatever links; null where none does.</summary>
    /// <param name="dataDirectory">Links followed.</param>
    public static DebianCluster? Find(string dataDirectory)
    {
        var found =
            from cluster in Clusters()
            where DataDirectoriesIn(Path.Combine(cluster, "postgresql.conf")).Any(named => named == dataDirectory || FileSystem.Resolve(named) == dataDirectory)
            select new DebianCluster(Path.GetFileName(Path.GetDirectoryName(cluster)!), Path.GetFileName(cluster));
        return found.FirstOrDefault();
    }

    /// <summary>Those of all clusters whose configuration this account may read.</summary>
    public static IEnumerable<string> DataDirectories() => Clusters().SelectMany(cluster => DataDirectoriesIn(Path.Combine(cluster, "postgresql.conf")));

    private static IEnumerable<string> Clusters()
    {
        var readable = new EnumerationOptions { IgnoreInaccessible = true };
        return !Directory.Exists(Root) ? [] :
            from version in Directory.EnumerateDirectories(Root, "*", readable)
            from cluster in Directory.EnumerateDirectories(version, "*", readable)
            where File.Exists(Path.Combine(cluster, "postgresql.conf"))
            select cluster;
    }

    private static IReadOnlyList<string> DataDirectoriesIn(string configuration)
    {
        try
        {
            return [.. File.ReadLines(configuration)
                .Select(line => line.Split('#')[0].Trim())
                .Where(line => line.StartsWith("data_directory", StringComparison.Ordinal))
                .Select(line => line["data_directory".Length..].Trim(' ', '\t', '=', '\''))
                .Where(named => named.StartsWith('/'))];
        }
        catch (Exception thrown) when (thrown is IOException or UnauthorizedAccessException)
        {
            // A configuration that this account may not read belongs to a cluster that it may not start.
            return [];
        }
    }
}
