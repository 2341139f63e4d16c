using System.Globalization;
using System.Text.RegularExpressions;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;

namespace Pgkeep.Restore.Host;

/// <summary>
/// Shows that the server's programs can read the files of a backup. A server refuses to start on those of another build (xlog.c, ReadControlFile), but by then the old one would be down.
/// </summary>
internal static partial class ProgramProof
{
    /// <summary>A constant of the build, which a server tells without a cluster.</summary>
    private const string BlockSize = "block_size";

    /// <param name="programs">Of the right major.</param>
    public static async Task RequireFitAsync(ClusterMetadata cluster, ServerPrograms programs, Account account, CancellationToken cancellationToken)
    {
        var version = await programs.ReadVersionAsync(account, cancellationToken);
        if (!HasSameCatalogue(cluster, version))
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"\"{programs.Postgres}\" is of PostgreSQL {version}, and the backup of {cluster.PostgresqlVersion}, with the catalogue version {cluster.CatalogVersion}: a test release reads no other release's files",
                "nothing was changed; name the directory of the right programs with --bindir");
        }

        var answer = await programs.ReadSettingAsync(BlockSize, "/dev/null", account, cancellationToken);
        if (uint.TryParse(answer, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size != cluster.BlockSize)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"\"{programs.Postgres}\" was built for blocks of {size} bytes, and the backup has blocks of {cluster.BlockSize}",
                "nothing was changed; name the directory of the right programs with --bindir");
        }
    }

    /// <summary>All releases of a major have one catalogue version, and each of its test releases may have another.</summary>
    /// <param name="version">Of the programs, as they write it.</param>
    public static bool HasSameCatalogue(ClusterMetadata cluster, string version) =>
        version == cluster.PostgresqlVersion
        || (Release().IsMatch(version)
            && (!PostgresVersion.TryGet(cluster.PostgresqlMajor, out var row) || row.CatalogVersion == cluster.CatalogVersion || Release().IsMatch(cluster.PostgresqlVersion)));

    [GeneratedRegex(@"^\d+\.\d+")]
    private static partial Regex Release();
}
