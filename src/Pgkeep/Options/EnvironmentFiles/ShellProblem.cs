namespace Pgkeep.Options.EnvironmentFiles;

/// <summary>Something a shell would act on, or could not read. It never quotes the file: the text may be part of a password.</summary>
/// <param name="Name">The name that was being assigned to, if that far was read.</param>
internal sealed record ShellProblem(int Line, string? Name, string Message, string Hint)
{
    /// <summary>What to write instead, in nearly every case.</summary>
    public static string SingleQuotes(string? name) =>
        "write the value in single quotes, in which everything is literal" + (name is null ? "" : $": {name}='…'");
}
