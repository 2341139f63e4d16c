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
        if (!Directory.Exists(Root))
        {
            return null;
        }

        var readable = new EnumerationOptions { IgnoreInaccessible = true };
        var found =
            from version in Directory.EnumerateDirectories(Root, "*", readable)
            from cluster in Directory.EnumerateDirectories(version, "*", readable)
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
                .Select(line => line["data_directory".Length..].Trim(' ', '\t', '=', '\''))
                .Any(named => named == dataDirectory || (named.StartsWith('/') && FileSystem.Resolve(named) == dataDirectory));
        }
        catch (Exception thrown) when (thrown is IOException or UnauthorizedAccessException)
        {
            // A configuration that this account may not read belongs to a cluster that it may not start.
            return false;
        }
    }
}
