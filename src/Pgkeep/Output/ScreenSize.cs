namespace Pgkeep.Output;

internal readonly record struct ScreenSize(int Columns, int Rows)
{
    /// <summary>Of a terminal that does not know its own.</summary>
    public static ScreenSize Usual { get; } = new(80, 24);
}
