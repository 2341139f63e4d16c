namespace Pgkeep.Commands.Walk;

/// <summary>What a key means.</summary>
internal enum WalkKey
{
    /// <summary>Nothing; the screen is drawn anew.</summary>
    None,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,

    /// <summary>From the command for right before to the one for right after, and back.</summary>
    Switch,
    Choose,
    Leave,

    /// <summary>Ctrl-C, which is no signal while the screen has the terminal.</summary>
    Interrupt,
}
