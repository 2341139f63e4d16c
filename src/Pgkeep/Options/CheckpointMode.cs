namespace Pgkeep.Options;

/// <summary>How the server makes the checkpoint that a backup starts with.</summary>
internal enum CheckpointMode
{
    Fast,
    Spread,
}
