namespace Pgkeep.Postgres;

/// <param name="Path">Where the tablespace lay on the server that was backed up.</param>
internal sealed record TablespaceMapEntry(Oid Oid, string Path);
