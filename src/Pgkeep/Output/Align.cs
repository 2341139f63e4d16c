namespace Pgkeep.Output;

/// <summary>Words stand at the left of their column, numbers at the right.</summary>
internal enum Align
{
    Left,
    Right,
}
