namespace Pgkeep.Posix;

internal static class Terminal
{
    public const int StandardInput = 0;
    public const int StandardOutput = 1;
    private const int StandardError = 2;

    /// <summary>In columns; null where stderr is no terminal, or one that does not know.</summary>
    public static int? WidthOfStandardError() => SizeOf(StandardError)?.Columns;

    /// <summary>Null where stdout is no terminal, or one that does not know.</summary>
    public static (int Columns, int Rows)? SizeOfStandardOutput() => SizeOf(StandardOutput) is { Rows: > 0 } size ? size : null;

    private static unsafe (int Columns, int Rows)? SizeOf(int descriptor)
    {
        Libc.WindowSize size;
        return Libc.IoControl(descriptor, Libc.TIOCGWINSZ, &size) == 0 && size.Columns > 0 ? (size.Columns, size.Rows) : null;
    }
}
