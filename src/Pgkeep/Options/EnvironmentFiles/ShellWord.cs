namespace Pgkeep.Options.EnvironmentFiles;

/// <summary>A word after the shell's quote removal.</summary>
/// <param name="NameLength">
/// The length of the name where the word is an assignment: a name and an equals sign, both unquoted. Otherwise -1.
/// </param>
/// <param name="Line">Where the word begins, from 1.</param>
internal readonly record struct ShellWord(string Text, int NameLength, int Line)
{
    public static bool IsName(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || char.IsAsciiDigit(text[0]))
        {
            return false;
        }

        foreach (var character in text)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character != '_')
            {
                return false;
            }
        }

        return true;
    }
}
