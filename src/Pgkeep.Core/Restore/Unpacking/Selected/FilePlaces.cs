namespace Pgkeep.Restore.Unpacking.Selected;

/// <summary>Where the files of a cluster lie, by the names that a manifest has for them.</summary>
internal sealed class FilePlaces
{
    private readonly string _dataDirectory;
    private readonly IReadOnlyList<(string Prefix, string Directory)> _others;

    /// <param name="others">What lies outside the data directory: what the names there begin with, as in <c>pg_tblspc/16385/</c>, and the directory that it stands for.</param>
    public FilePlaces(string dataDirectory, IReadOnlyList<(string Prefix, string Directory)> others) => (_dataDirectory, _others) = (dataDirectory, others);

    /// <param name="archive">For messages: a name that leads out of its directory is refused.</param>
    public string PathOf(string name, string archive)
    {
        foreach (var (prefix, directory) in _others)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                return RestoredFiles.PathOf(directory, name[prefix.Length..], archive);
            }
        }

        return RestoredFiles.PathOf(_dataDirectory, name, archive);
    }

    /// <summary>The directory that a name is looked for in: its data directory, or the tablespace's.</summary>
    public string RootOf(string name) => _others.FirstOrDefault(place => name.StartsWith(place.Prefix, StringComparison.Ordinal)) is { Directory: { } directory } ? directory : _dataDirectory;
}
