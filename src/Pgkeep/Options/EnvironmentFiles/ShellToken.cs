namespace Pgkeep.Options.EnvironmentFiles;

/// <summary>What <see cref="ShellWordReader"/> came upon.</summary>
internal enum ShellToken
{
    Word,
    EndOfLine,
    EndOfFile,
    Problem,
}
