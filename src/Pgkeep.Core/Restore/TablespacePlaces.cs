using System.Globalization;
using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Restore.Unpacking;

namespace Pgkeep.Restore;

/// <summary>Where the tablespaces of a backup come to lie, and how the server is told.</summary>
internal static class TablespacePlaces
{
    private const string MapName = "tablespace_map";

    private static readonly char[] LineEnds = ['\n', '\r'];

    /// <param name="otherwise">The place of one that nobody named.</param>
    public static IReadOnlyList<TablespacePlace> Of(BackupMetadata backup, IReadOnlyList<TablespaceMove> moves, Func<TablespaceMetadata, string> otherwise)
    {
        foreach (var move in moves)
        {
            if (!backup.Tablespaces.Any(tablespace => Names(move, tablespace)))
            {
                var there = string.Join(", ", backup.Tablespaces.Select(tablespace => $"\"{tablespace.Location}\" ({tablespace.Oid})"));
                throw new PgkeepException(
                    ErrorKind.Usage, $"{backup.Name} has no tablespace \"{move.Old}\"", there.Length == 0 ? "it has none outside of the data directory" : $"it has {there}");
            }
        }

        return
        [
            .. backup.Tablespaces.Select(tablespace => moves.Where(move => Names(move, tablespace)).ToList() switch
            {
                [] => new TablespacePlace(tablespace.Oid, tablespace.Location, otherwise(tablespace), tablespace.Archive),
                [var move] => new TablespacePlace(tablespace.Oid, tablespace.Location, RequireLine(move.New), tablespace.Archive),
                _ => throw new PgkeepException(ErrorKind.Usage, $"the tablespace \"{tablespace.Location}\" ({tablespace.Oid}) is given more than one place", "name one"),
            }),
        ];
    }

    /// <summary>
    /// Puts the new places into the restored <c>tablespace_map</c>, from which the server makes the links in <c>pg_tblspc</c> when it starts (docs/postgres.md). What the map says of others
    /// stays as it is.
    /// </summary>
    public static void WriteMap(string dataDirectory, IReadOnlyList<TablespacePlace> places, PostgresVersion version, Account owner)
    {
        var moved = places.Where(place => place.IsMoved).ToDictionary(place => new Oid(place.Oid));
        if (moved.Count == 0)
        {
            return;
        }

        var path = Path.Combine(dataDirectory, MapName);
        var text = Encoding.Latin1.GetString(Read(path));
        if (!TablespaceMap.TryParse(text, version, out var map, out var problem))
        {
            throw RestoredFiles.Doctored($"the backup's {MapName} cannot be read: {problem}");
        }

        if (moved.Keys.Except(map.Entries.Select(entry => entry.Oid)).Select(oid => oid.ToString()).FirstOrDefault() is { } missing)
        {
            throw RestoredFiles.Doctored($"the backup's {MapName} lacks the tablespace {missing}");
        }

        // A path is bytes to the server; each stands for one character here.
        var entries = map.Entries.Select(entry => moved.TryGetValue(entry.Oid, out var place) ? entry with { Path = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(place.Location)) } : entry);
        DurableFile.Replace(path, Encoding.Latin1.GetBytes(new TablespaceMap([.. entries]).ToText(version)), FileStatus.Of(path)!.Value.Mode);
        owner.Own(path);
    }

    private static bool Names(TablespaceMove move, TablespaceMetadata tablespace) =>
        move.Old == tablespace.Oid.ToString(CultureInfo.InvariantCulture) || (move.Old.StartsWith('/') && Path.TrimEndingDirectorySeparator(move.Old) == tablespace.Location);

    private static string RequireLine(string place) => place.IndexOfAny(LineEnds) < 0 && !place.EndsWith('\\')
        ? FileSystem.Resolve(place)
        : throw new PgkeepException(ErrorKind.Usage, $"no tablespace can lie in \"{place.ReplaceLineEndings(" ")}\": its name has a line end, or ends with a backslash", "name another directory");

    private static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (FileNotFoundException)
        {
            throw RestoredFiles.Doctored($"the backup has tablespaces, and no {MapName}");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }
}
