namespace Pgkeep.Postgres.Cluster;

/// <summary>A cluster as Debian's postgresql-common names it: <c>/etc/postgresql/15/main</c>.</summary>
internal sealed record DebianCluster(string Version, string Name)
{
    private const string Root = "/etc/postgresql";

    /// <summary>The one whose configuration names a data directory; null where none does.</summary>
    public static DebianCluster? Find(string dataDirectory)
    {
        if (!Directory.Exists(Root))
        {
            return null;
        }

        var found =
            from version in Directory.EnumerateDirectories(Root)
            from cluster in Directory.EnumerateDirectories(version)
            let configuration = Path.Combine(cluster, "postgresql.conf")
            where File.Exists(configuration) && Names(configuration, dataDirectory)
            select new DebianCluster(Path.GetFileName(version), Path.GetFileName(cluster));
        return found.FirstOrDefault();
    }

    private static bool Names(string configuration, string dataDirectory)
    {
        try
        {
            return File.ReadLines(configuration)
                .Select(line => line.Split('#')[0].Trim())
                .Where(line => line.StartsWith("data_directory", StringComparison.Ordinal))
                .Any(line => line["data_directory".Length..].Trim(' ', '\t', '=', '\'') == dataDirectory);
        }
        catch (Exception thrown) when (thrown is IOException or UnauthorizedAccessException)
        {
            // A configuration that this account may not read belongs to a cluster that it may not start.
            return false;
        }
    }
}
