using System.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Output;

namespace Pgkeep.Commands;

/// <summary>What a command gets: values that are read and checked, and the world around it.</summary>
internal sealed class CommandContext
{
    private readonly IReadOnlyDictionary<Argument, IReadOnlyList<string>> _arguments;

    public CommandContext(ParsedCommandLine commandLine, OptionValues values, Surroundings surroundings)
    {
        _arguments = commandLine.Arguments;
        Command = commandLine.Command;
        Values = values;
        Surroundings = surroundings;
        Confirmation = new Confirmation(surroundings.Output, values.Has(OptionTable.Yes) && values.Get(OptionTable.Yes));
    }

    public Command Command { get; }

    public OptionValues Values { get; }

    public Surroundings Surroundings { get; }

    public IOutput Output => Surroundings.Output;

    public TimeProvider Time => Surroundings.Time;

    public IConfirmation Confirmation { get; }

    public bool IsQuiet => Values.Has(OptionTable.Quiet) && Values.Get(OptionTable.Quiet);

    public T Get<T>(Option<T> option) => Values.Get(option);

    /// <summary>A required argument.</summary>
    public string Get(Argument argument) =>
        Find(argument) ?? throw new UnreachableException($"the argument {argument.Name} is not required: use {nameof(Find)}");

    /// <summary>An argument that may be left out.</summary>
    public string? Find(Argument argument) => FindAll(argument) is [var text, ..] ? text : null;

    public IReadOnlyList<string> FindAll(Argument argument) => _arguments.GetValueOrDefault(argument, []);

    /// <summary>Says something on the way, unless <c>--quiet</c> was asked for.</summary>
    public void Note(string line)
    {
        if (!IsQuiet)
        {
            Output.WriteNote(line);
        }
    }

    public void Warn(string line) => Output.WriteNote(Output.NotePalette.Paint(Mark.Look, "warning:") + " " + line);
}
