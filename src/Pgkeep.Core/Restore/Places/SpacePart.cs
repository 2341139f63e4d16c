namespace Pgkeep.Restore.Places;

/// <summary>A part of the restored cluster that lies in one directory.</summary>
/// <param name="Directory">There or not, with links followed.</param>
/// <param name="Name">For a person.</param>
/// <param name="Needed">Bytes that are written for certain.</param>
/// <param name="Replay">Bytes that the recovery may need beside them for a while.</param>
internal sealed record SpacePart(string Directory, string Name, long Needed, long Replay = 0);
