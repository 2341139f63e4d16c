using System.Runtime.InteropServices;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;

namespace Pgkeep.Restore.Host;

/// <summary>
/// What is different on this machine from the one where the backup was taken, and changes what the restored files mean: the libraries that order text (an index that one has built, another
/// one searches in the wrong place), and the processor.
/// </summary>
internal static class HostWarnings
{
    private const string Libc = "libc";
    private const string Icu = "icu";

    public static IReadOnlyList<string> For(ClusterMetadata cluster, ServerPrograms programs)
    {
        var icu = cluster.CollationVersions.ContainsKey(Icu) ? IcuLibrary.RootVersionFor(programs.Postgres) : null;
        return For(cluster, new Dictionary<string, string?> { [Libc] = HostLibrary.LibcVersion, [Icu] = icu }, RuntimeInformation.OSArchitecture);
    }

    /// <param name="libraries">Of this machine, as far as they are known.</param>
    public static IReadOnlyList<string> For(ClusterMetadata cluster, IReadOnlyDictionary<string, string?> libraries, Architecture machine)
    {
        var warnings = cluster.CollationVersions
            .Where(recorded => libraries.GetValueOrDefault(recorded.Key) is { } own && own != recorded.Value)
            .OrderBy(recorded => recorded.Key, StringComparer.Ordinal)
            .Select(recorded =>
                $"the backup's text was ordered by {recorded.Key} {recorded.Value}, and this machine has {libraries[recorded.Key]}: after the restore build the indexes on text anew (REINDEX DATABASE), "
                + "or they may miss rows and let duplicates in")
            .ToList();
        if (ProcessorOf(cluster.Build) is { } processor && processor != NameOf(machine))
        {
            warnings.Add($"the backup is of a server for {processor}, and this machine is {NameOf(machine)}: PostgreSQL promises nothing for files of another processor; compare them with pg_amcheck, and build the indexes anew");
        }

        return warnings;
    }

    /// <summary>Of <c>PostgreSQL 15.18 on x86_64-pc-linux-gnu, compiled by …</c>; null where it is not told.</summary>
    private static string? ProcessorOf(string build)
    {
        const string before = " on ";
        var at = build.LastIndexOf(before, StringComparison.Ordinal);
        return at < 0 ? null : build[(at + before.Length)..].Split('-', ',')[0];
    }

    /// <summary>As GNU names it.</summary>
    private static string NameOf(Architecture machine) => machine switch
    {
        Architecture.X64 => "x86_64",
        Architecture.Arm64 => "aarch64",
        _ => machine.ToString().ToLowerInvariant(),
    };
}
