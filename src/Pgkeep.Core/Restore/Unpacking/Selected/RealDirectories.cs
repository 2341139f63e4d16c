using System.Collections.Concurrent;
using Pgkeep.Posix;

namespace Pgkeep.Restore.Unpacking.Selected;

/// <summary>
/// Whether a file lies in directories all the way from the top one. Behind a link nothing is believed to be the cluster's: the link itself is no part of a backup. For several threads at
/// a time.
/// </summary>
internal sealed class RealDirectories
{
    private readonly ConcurrentDictionary<string, bool> _known = new();

    /// <param name="path">Of the file.</param>
    /// <param name="top">Known to be a directory.</param>
    public bool Hold(string path, string top) => System.IO.Path.GetDirectoryName(path) is { } directory && IsReal(directory, top);

    private bool IsReal(string directory, string top) => directory.Length <= top.Length || _known.GetOrAdd(
        directory, one => FileStatus.Of(one)?.Type == FileType.Directory && IsReal(System.IO.Path.GetDirectoryName(one)!, top));
}
