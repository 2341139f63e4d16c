using System.Text.RegularExpressions;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Repository;
using Pgkeep.Restore.Places;

namespace Pgkeep.Restore;

/// <summary>A directory that a restore is to fill and that no cluster has yet: what it must be, so that nothing of anybody's is touched.</summary>
internal static partial class NewPlace
{
    /// <summary>In every data directory, and in every database's directory.</summary>
    private const string VersionFile = "PG_VERSION";

    /// <param name="place">Absolute, links followed.</param>
    /// <param name="others">The other places of the same restore.</param>
    /// <param name="isOurs">Whether what is in a place is what a restore that was broken off has left there, and removes first.</param>
    public static void Require(string place, IEnumerable<string> others, RepositoryLayout layout, Func<string, bool> isOurs)
    {
        if (layout.OverlapWith(place) is { } repository)
        {
            throw Refused($"\"{place}\" and the repository's \"{repository}\" lie one inside the other");
        }

        if (others.FirstOrDefault(other => FileSystem.IsInside(place, other) || FileSystem.IsInside(other, place)) is { } another)
        {
            throw Refused(place == another ? $"\"{place}\" is named twice" : $"\"{place}\" and \"{another}\" lie one inside the other");
        }

        switch (FileStatus.OfTarget(place))
        {
            case null:
                break;
            case { Type: not FileType.Directory }:
                throw Refused($"\"{place}\" is not a directory");
            default:
                _ = RestoredPlace.HasEntries(place) && !isOurs(place) ? throw Refused($"\"{place}\" is not empty") : true;
                break;
        }

        for (var around = Path.GetDirectoryName(place); around is not null; around = Path.GetDirectoryName(around))
        {
            if (File.Exists(Path.Combine(around, VersionFile)))
            {
                throw Refused($"\"{place}\" lies in the data directory \"{around}\"");
            }

            if (HoldsTablespace(around))
            {
                throw Refused($"\"{place}\" lies in the tablespace \"{around}\"");
            }
        }
    }

    /// <summary>By the directory that each major makes in the location of a tablespace (PostgreSQL src/include/common/relpath.h, TABLESPACE_VERSION_DIRECTORY).</summary>
    private static bool HoldsTablespace(string directory)
    {
        try
        {
            return Directory.Exists(directory) && Directory.EnumerateDirectories(directory, "PG_*").Any(path => VersionDirectory().IsMatch(Path.GetFileName(path)));
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            // A directory that may be entered and not be listed is no tablespace's: its owner may do both.
            return false;
        }
    }

    private static PgkeepException Refused(string problem) =>
        new(ErrorKind.Configuration, problem, "nothing was changed; name an empty directory, or one that is not there yet, apart from every cluster and from the repository");

    [GeneratedRegex(@"^PG_\d+_\d+$")]
    private static partial Regex VersionDirectory();
}
