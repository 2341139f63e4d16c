namespace Pgkeep.Postgres.Cluster;

/// <summary>
/// What a restore leaves inside a directory that cannot be renamed, a mount point for example: the old cluster's entries, and what a rollback has taken away
/// again. No server looks at such names, and no backup holds them.
/// </summary>
internal static class AsideNames
{
    /// <summary>Before all of them.</summary>
    public const string Common = ".pgkeep-";

    /// <summary>Before the moment of a restore: where the old entries wait, and its journal.</summary>
    public const string Old = ".pgkeep-old-";

    /// <summary>The same, for what the restore wrote, once it was undone.</summary>
    public const string Undone = ".pgkeep-undone-";

    /// <summary>For what is just being removed.</summary>
    public const string Forgotten = ".pgkeep-forgotten-";

    /// <summary>A journal that is just being written has a dot more before it.</summary>
    private const string Written = "..pgkeep-";

    /// <summary>Of the file system, in its root.</summary>
    private const string LostAndFound = "lost+found";

    private static readonly string[] Prefixes = [Old, Undone, Forgotten, Written];

    /// <param name="name">Of an entry, without its directory.</param>
    public static bool IsAside(string name) =>
        name == LostAndFound || Array.Exists(Prefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal));
}
