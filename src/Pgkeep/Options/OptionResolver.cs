using Pgkeep.Options.EnvironmentFiles;

namespace Pgkeep.Options;

/// <summary>
/// Finds the value of each option: command line, then environment, then <c>backup.env</c>, then the default. What cannot be read is
/// collected in <see cref="Problems"/> and never replaced by something else.
/// </summary>
internal sealed class OptionResolver
{
    private readonly IReadOnlyDictionary<Option, string> _commandLine;
    private readonly Func<string, string?> _environment;
    private readonly Func<string> _workingDirectory;

    public OptionResolver(IReadOnlyDictionary<Option, string> commandLine, Func<string, string?> environment, Func<string> workingDirectory)
    {
        _commandLine = commandLine;
        _environment = environment;
        _workingDirectory = workingDirectory;
    }

    public OptionProblems Problems { get; } = new();

    public OptionValues Resolve(IReadOnlyList<Option> options, EnvironmentFile? file)
    {
        var values = new OptionValues();
        foreach (var option in options)
        {
            if (FindText(option, file) is { } found)
            {
                Add(values, option, found.Text, found.Source);
            }
            else if (option.Compute is null)
            {
                values.Add(new OptionValue(option, null, "", ValueSource.Default));
            }
        }

        // What is computed from other values comes after all of them, and only when all of them are right.
        foreach (var option in options.Where(option => !Problems.Any && !values.Has(option)))
        {
            Add(values, option, option.Compute!(values), ValueSource.Default);
        }

        return values;
    }

    private (string Text, ValueSource Source)? FindText(Option option, EnvironmentFile? file)
    {
        if (_commandLine.TryGetValue(option, out var typed))
        {
            return (option.FromCommandLine(typed, _workingDirectory), ValueSource.CommandLine(option.Name));
        }

        if (option.EnvironmentName is { } name)
        {
            if (option.MayComeFrom(SourceKind.Environment) && _environment(name) is { } variable && IsSet(option, variable))
            {
                return (variable, ValueSource.Environment(name));
            }

            if (option.MayComeFrom(SourceKind.File) && file?.Find(name) is { } assignment && IsSet(option, assignment.Value))
            {
                return (assignment.Value, ValueSource.File(file.Path, assignment.Line));
            }
        }

        return option.Default is null ? null : (option.Default, ValueSource.Default);
    }

    private static bool IsSet(Option option, string text) => text.Length > 0 || !option.IgnoresEmpty;

    private void Add(OptionValues values, Option option, string text, ValueSource source)
    {
        try
        {
            var value = option.ParseUntyped(text);
            values.Add(new OptionValue(option, value, option.IsSecret ? Secret.Redacted : text, source));
        }
        catch (FormatException)
        {
            var shown = option.IsSecret ? "the value" : $"\"{text}\"";
            Problems.Add(new OptionProblem(source.Kind, $"{option.Name}: {shown} is not {option.Expected} ({source})"));
        }
    }
}
