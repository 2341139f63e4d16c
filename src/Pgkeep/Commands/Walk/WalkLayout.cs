using Pgkeep.Output;

namespace Pgkeep.Commands.Walk;

/// <summary>Which rows of a screen are for what. It goes by the screen and the number of moments alone, so that nothing jumps while the cursor moves.</summary>
internal readonly record struct WalkLayout(int Width, bool HasTitle, bool HasHeading, int ListRows, bool HasRule, int DetailRows, bool HasKeys)
{
    private const int UsualDetailRows = 12;

    public static WalkLayout Of(ScreenSize size, int count)
    {
        // Behind the last column the cursor waits for the next line, and clearing the rest of the line would take that column away.
        var width = Math.Max(1, size.Columns - 1);
        var rows = Math.Max(1, size.Rows);
        var (hasTitle, hasHeading, hasDetails, hasKeys) = (rows >= 3, rows >= 16, rows >= 6, rows >= 5);
        var rest = rows - (hasTitle ? 1 : 0) - (hasHeading ? 1 : 0) - (hasDetails ? 1 : 0) - (hasKeys ? 1 : 0);
        var list = hasDetails ? Math.Clamp(rest - Math.Min(UsualDetailRows, rest * 4 / 7), 1, Math.Max(1, count)) : rest;
        return new WalkLayout(width, hasTitle, hasHeading, list, hasDetails, hasDetails ? rest - list : 0, hasKeys);
    }
}
