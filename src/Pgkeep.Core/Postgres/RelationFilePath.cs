namespace Pgkeep.Postgres;

/// <summary>Which files of a data directory are relations: told by where they lie and by their name.</summary>
internal static class RelationFilePath
{
    /// <summary>The directories whose files are relations: <c>global</c>, and one per database in <c>base</c> or a tablespace's version directory.</summary>
    /// <param name="directory">Relative to the data directory, with slashes.</param>
    public static bool HoldsRelations(string directory)
    {
        var parts = directory.Split('/');
        return parts switch
        {
            ["global"] => true,
            ["base", var database] => IsNumber(database),
            ["pg_tblspc", _, var version, var database] => version.StartsWith("PG_", StringComparison.Ordinal) && IsNumber(database),
            _ => false,
        };
    }

    /// <param name="path">Relative to the data directory, with slashes.</param>
    public static bool TryParse(string path, out RelationFileName relation)
    {
        var slash = path.LastIndexOf('/');
        relation = default;
        return slash > 0 && HoldsRelations(path[..slash]) && RelationFileName.TryParse(path.AsSpan(slash + 1), out relation);
    }

    private static bool IsNumber(string text) => text.Length > 0 && text.All(char.IsAsciiDigit);
}
