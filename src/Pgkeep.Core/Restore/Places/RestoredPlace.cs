using System.Text.Json.Serialization;
using Pgkeep.Posix;

namespace Pgkeep.Restore.Places;

/// <param name="Path">What the restore writes anew.</param>
/// <param name="Aside">Where its old content waits.</param>
/// <param name="HadContent">False where there was nothing, or an empty directory, which stays as it is.</param>
internal sealed record RestoredPlace(string Path, string Aside, bool HadContent)
{
    [JsonIgnore]
    public bool IsAside => FileStatus.Of(Aside) is not null;

    /// <summary>What is there is the restore's, not the old cluster's.</summary>
    [JsonIgnore]
    public bool IsWritten => (IsAside || !HadContent) && HasEntries(Path);

    public static bool HasEntries(string path)
    {
        try
        {
            return Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any();
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", path);
        }
    }
}
