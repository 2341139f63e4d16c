namespace Pgkeep.Restore;

/// <summary>Where a tablespace of the backup comes to lie.</summary>
/// <param name="Original">Its location on the backup's server.</param>
/// <param name="Location">Its location from now on.</param>
/// <param name="Archive">Name of its archive in the backup.</param>
internal sealed record TablespacePlace(uint Oid, string Original, string Location, string Archive)
{
    public bool IsMoved => Location != Original;
}
