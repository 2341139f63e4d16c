namespace Pgkeep.Options;

/// <summary>How much of the machine a command takes from the server beside it.</summary>
internal enum Priority
{
    Low,
    Normal,
}
