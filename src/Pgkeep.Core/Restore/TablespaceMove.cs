namespace Pgkeep.Restore;

/// <summary>Where a person wants a tablespace of the backup to lie.</summary>
/// <param name="Old">Its location on the backup's server, or its OID.</param>
/// <param name="New">Absolute.</param>
internal sealed record TablespaceMove(string Old, string New);
