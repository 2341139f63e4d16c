namespace Pgkeep.Commands.Walk;

/// <summary>Where a person stands.</summary>
/// <param name="Index">Of the moment under the cursor.</param>
/// <param name="Top">Of the first moment on the screen.</param>
/// <param name="IsAfter">Whether the command for right after the moment is meant, and not the one for right before it.</param>
internal sealed record WalkState(IReadOnlyList<WalkMoment> Moments, int Index, int Top = 0, bool IsAfter = false)
{
    public WalkMoment Current => Moments[Index];

    /// <summary>Null where there is nothing to restore to.</summary>
    public WalkCommand? Command => Current.Commands is { Count: > 0 } commands ? commands[IsAfter ? commands.Count - 1 : 0] : null;

    /// <param name="rows">Of the list on the screen.</param>
    public WalkState Press(WalkKey key, int rows) => key switch
    {
        WalkKey.Up => Move(-1, rows),
        WalkKey.Down => Move(1, rows),
        WalkKey.PageUp => Move(-rows, rows),
        WalkKey.PageDown => Move(rows, rows),
        WalkKey.Home => Move(-Moments.Count, rows),
        WalkKey.End => Move(Moments.Count, rows),
        WalkKey.Switch => this with { IsAfter = !IsAfter },
        _ => this,
    };

    /// <summary>Moves the list as little as shows the cursor, and leaves no row empty that a moment could fill.</summary>
    public WalkState Fit(int rows) =>
        this with { Top = Math.Clamp(Math.Clamp(Top, Math.Max(0, Index - rows + 1), Index), 0, Math.Max(0, Moments.Count - rows)) };

    private WalkState Move(int by, int rows) => (this with { Index = Math.Clamp(Index + by, 0, Moments.Count - 1) }).Fit(rows);
}
