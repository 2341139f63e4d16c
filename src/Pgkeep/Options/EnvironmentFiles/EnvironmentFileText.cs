namespace Pgkeep.Options.EnvironmentFiles;

/// <summary>
/// The text of <c>backup.env</c>: what a POSIX shell has in its variables after sourcing it. The runbook sources the same file, so both
/// must come to the same values; a file that is more than assignments is refused rather than guessed at.
/// </summary>
internal sealed class EnvironmentFileText
{
    private readonly List<Assignment> _assignments = [];
    private readonly List<ShellProblem> _problems = [];

    private EnvironmentFileText()
    {
    }

    /// <summary>In the order of the file; of a name that stands there twice the last one holds.</summary>
    public IReadOnlyList<Assignment> Assignments => _assignments;

    public IReadOnlyList<ShellProblem> Problems => _problems;

    public static EnvironmentFileText Parse(string text)
    {
        var result = new EnvironmentFileText();
        result.ReadLines(new ShellWordReader(text.Replace("\r\n", "\n", StringComparison.Ordinal)));
        return result;
    }

    private void ReadLines(ShellWordReader reader)
    {
        var line = new LineState();
        while (true)
        {
            switch (reader.Read(out var word))
            {
                case ShellToken.EndOfFile:
                    return;
                case ShellToken.EndOfLine:
                    line = new LineState();
                    break;
                case ShellToken.Problem when reader.Problem is { } problem:
                    _problems.Add(problem);
                    reader.SkipLine();
                    break;
                case ShellToken.Word when line.IsFirstWord && word is { Text: "export", NameLength: < 0 }:
                    line = new LineState(IsExport: true, IsFirstWord: false);
                    break;
                case ShellToken.Word when TryAssign(word, line) is { } problem:
                    _problems.Add(problem);
                    reader.SkipLine();
                    break;
                default:
                    line = line with { IsFirstWord = false, LastName = _assignments.LastOrDefault()?.Name };
                    break;
            }
        }
    }

    private ShellProblem? TryAssign(ShellWord word, LineState line)
    {
        var equals = line.IsExport ? word.Text.IndexOf('=', StringComparison.Ordinal) : word.NameLength;
        if (equals > 0 && ShellWord.IsName(word.Text.AsSpan(0, equals)))
        {
            _assignments.Add(new Assignment(word.Text[..equals], word.Text[(equals + 1)..], word.Line));
            return null;
        }

        if (line.IsExport && ShellWord.IsName(word.Text))
        {
            return null;
        }

        return line.LastName is { } name
            ? new ShellProblem(
                word.Line, name, "a blank ends the value, and a shell would run what follows it", ShellProblem.SingleQuotes(name))
            : new ShellProblem(word.Line, null, "this is not an assignment", "write NAME=value; commands are not run here");
    }

    private readonly record struct LineState(bool IsExport, bool IsFirstWord, string? LastName = null)
    {
        public LineState()
            : this(false, true)
        {
        }
    }
}
