using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;

namespace Pgkeep.Repository;

/// <summary>
/// A note beside a data directory of where its cluster has stored something. It misses a repository whose disk is not mounted: the mount point looks like a place
/// in which nothing was ever stored, and whatever would be stored there is gone when the disk is back. A line each: system identifier, space, directory.
/// </summary>
internal sealed class RepositoryWitness
{
    private const string Ending = ".pgkeep-repositories";

    private readonly string _path;

    private RepositoryWitness(string path) => _path = path;

    /// <param name="dataDirectory">Absolute; links in it are followed.</param>
    public static RepositoryWitness Of(string dataDirectory)
    {
        var cluster = FileSystem.Resolve(dataDirectory);
        return new RepositoryWitness(Path.Combine(Path.GetDirectoryName(cluster) ?? "/", $".{Path.GetFileName(cluster)}{Ending}"));
    }

    /// <summary>For a place that has no repository: throws where it had one.</summary>
    public void RequireNew(SystemIdentifier cluster, string place)
    {
        if (Read().Contains(LineOf(cluster, place)))
        {
            throw new PgkeepException(
                ErrorKind.RepositoryMissing,
                $"there was a repository of this cluster in \"{place}\", and nothing is there now",
                "mount its disk, or bring it back from where it was moved",
                $"to begin a new one on purpose: rm \"{_path}\", and take a backup at once, for the old ones lead no further");
        }
    }

    /// <summary>A failure is none of what was stored, and is not told: the next call tries again.</summary>
    public void Note(SystemIdentifier cluster, string place)
    {
        var lines = Read();
        if (lines.Contains(LineOf(cluster, place)))
        {
            return;
        }

        try
        {
            DurableFile.Replace(_path, Encoding.UTF8.GetBytes(string.Concat(lines.Append(LineOf(cluster, place)).Select(line => line + "\n"))));
        }
        catch (PgkeepException)
        {
            // The directory may belong to root.
        }
    }

    private static string LineOf(SystemIdentifier cluster, string place) => $"{cluster} {place}";

    /// <summary>Nothing where it cannot be read: then there is no witness.</summary>
    private string[] Read()
    {
        try
        {
            return FileStatus.Of(_path) is { Type: FileType.Regular } ? File.ReadAllLines(_path) : [];
        }
        catch (Exception thrown) when (thrown is PgkeepException || PosixError.IsInputOutput(thrown))
        {
            return [];
        }
    }
}
