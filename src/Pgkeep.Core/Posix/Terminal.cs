namespace Pgkeep.Posix;

internal static class Terminal
{
    /// <summary>In columns; null where stderr is no terminal, or one that does not know.</summary>
    public static unsafe int? WidthOfStandardError()
    {
        const int standardError = 2;
        Libc.WindowSize size;
        return Libc.IoControl(standardError, Libc.TIOCGWINSZ, &size) == 0 && size.Columns > 0 ? size.Columns : null;
    }
}
