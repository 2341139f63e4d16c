using System.Globalization;
using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Restore.Databases;

/// <summary>
/// Which databases of a backup are restored with their content. Of the others the relations' files are zeros of the same length: the recovery gets through, the rows are not there, and all that
/// can be done with such a database is to drop it. What a server has from the beginning always comes whole.
/// </summary>
/// <param name="Kept">Those that were asked for, and those that always come.</param>
/// <param name="Emptied">The others. A database that is made later is none of them.</param>
internal sealed record DatabaseChoice(IReadOnlyList<NamedDatabase> Kept, IReadOnlyList<NamedDatabase> Emptied)
{
    /// <summary>PostgreSQL src/include/access/transam.h, FirstNormalObjectId: template0, template1 and postgres are below it.</summary>
    private const uint FirstNormalObject = 16384;

    private readonly HashSet<uint> _emptied = [.. Emptied.Select(database => database.Oid)];

    /// <param name="names">As a person gave them.</param>
    /// <exception cref="PgkeepException">There is no such database in the backup, or the backup does not tell.</exception>
    public static DatabaseChoice Make(IReadOnlyList<string> names, StoredBackup backup, CancellationToken cancellationToken)
    {
        var known = Read(backup, cancellationToken);
        if (names.FirstOrDefault(name => known.All(database => database.Name != name)) is { } unknown)
        {
            throw new PgkeepException(
                ErrorKind.Usage,
                $"\"{backup.Name}\" has no database \"{unknown}\"",
                $"it has {string.Join(", ", known.Where(database => database.Oid >= FirstNormalObject).Select(database => database.Name).Order(StringComparer.Ordinal))}; nothing was changed");
        }

        var parts = known.OrderBy(database => database.Name, StringComparer.Ordinal).ToLookup(database => database.Oid < FirstNormalObject || names.Contains(database.Name));
        return new DatabaseChoice([.. parts[true]], [.. parts[false]]);
    }

    /// <summary>Whether a file is restored as zeros.</summary>
    /// <param name="path">As the manifest names it, or as a server does, which leaves the segment's number out.</param>
    public bool IsEmptied(string path) => OfRelation(path) is { } database && IsEmptied(database);

    public bool IsEmptied(uint database) => _emptied.Contains(database);

    private static uint? OfRelation(string path)
    {
        if (!RelationFilePath.TryParse(path, out _) || path.StartsWith("global/", StringComparison.Ordinal))
        {
            return null;
        }

        var parts = path.Split('/');
        return uint.TryParse(parts[^2], NumberStyles.None, CultureInfo.InvariantCulture, out var database) ? database : null;
    }

    private static List<NamedDatabase> Read(StoredBackup backup, CancellationToken cancellationToken)
    {
        var databases = new List<NamedDatabase>();
        var reader = backup.Checksums?.Files.Any(file => file.Name == RepositoryLayout.CatalogName) == true
            ? CatalogReader.Read(
                backup,
                (in CatalogEntry entry) =>
                {
                    if (entry.List == CatalogList.Databases)
                    {
                        databases.Add(new NamedDatabase(Encoding.UTF8.GetString(entry.Database), entry.Oid.Value));
                    }
                },
                cancellationToken)
            : null;
        return reader is { HasDatabases: true }
            ? databases
            : throw new PgkeepException(
                ErrorKind.Usage,
                $"\"{backup.Name}\" does not tell which databases it has: it was taken without a session on the server, or by an earlier pgkeep",
                "restore all of it, without --only-database; nothing was changed");
    }
}

internal sealed record NamedDatabase(string Name, uint Oid)
{
    /// <summary>As a statement names it.</summary>
    public string Quoted => $"\"{Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
