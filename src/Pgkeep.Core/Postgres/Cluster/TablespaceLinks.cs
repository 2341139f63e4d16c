using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Postgres.Cluster;

/// <summary>A tablespace outside the data directory.</summary>
/// <param name="Location">Where the link in <c>pg_tblspc</c> leads.</param>
internal sealed record TablespaceLink(Oid Oid, string Location);

internal static class TablespaceLinks
{
    public const string FolderName = "pg_tblspc";

    /// <summary>In order of their OIDs. A tablespace in place (<c>allow_in_place_tablespaces</c>) is a directory of the data directory and not listed.</summary>
    public static IReadOnlyList<TablespaceLink> Of(string dataDirectory)
    {
        var folder = Path.Combine(dataDirectory, FolderName);
        try
        {
            return
            [
                .. new DirectoryInfo(folder).EnumerateFileSystemInfos()
                    .Where(entry => entry.LinkTarget is not null)
                    .Select(entry => uint.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var oid)
                        ? new TablespaceLink(new Oid(oid), Path.GetFullPath(entry.LinkTarget!, folder))
                        : throw new PgkeepException(ErrorKind.ServerUnsuitable, $"\"{entry.FullName}\" is not a tablespace's link"))
                    .OrderBy(link => link.Oid.Value),
            ];
        }
        catch (DirectoryNotFoundException)
        {
            // A damaged data directory that a restore replaces.
            return [];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", folder);
        }
    }
}
