namespace Pgkeep.Output;

/// <summary>The three states a line can be in. The word always stands there too; colour only helps the eye.</summary>
internal enum Mark
{
    Ok,
    Look,
    Stop,
}
