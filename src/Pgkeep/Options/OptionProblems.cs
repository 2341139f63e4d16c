using Pgkeep.Diagnostics;

namespace Pgkeep.Options;

/// <summary>Collects what is wrong, so that a person sees all of it at once and not one thing per attempt.</summary>
internal sealed class OptionProblems
{
    private readonly List<OptionProblem> _problems = [];

    public bool Any => _problems.Count > 0;

    public void Add(OptionProblem problem) => _problems.Add(problem);

    public void AddRange(IEnumerable<OptionProblem> problems) => _problems.AddRange(problems);

    public void ThrowIfAny()
    {
        if (_problems.Count == 0)
        {
            return;
        }

        var kind = _problems.All(problem => problem.Source == SourceKind.CommandLine) ? ErrorKind.Usage : ErrorKind.Configuration;
        var messages = _problems.Select(problem => problem.Message).ToList();
        var message = messages.Count == 1 ? messages[0] : $"{messages.Count} things are wrong:\n{string.Join('\n', messages)}";
        throw new PgkeepException(kind, message, [.. _problems.Select(problem => problem.Hint).OfType<string>().Distinct()]);
    }
}
