using Pgkeep.Options;

namespace Pgkeep.Commands;

/// <summary>Says what is wrong with an option that a command does not take, as precisely as the table knows.</summary>
internal static class UnknownOption
{
    public static OptionProblem Explain(string name, Command command)
    {
        var known = OptionTable.All.FirstOrDefault(option => option.Name == name);
        if (known is { IsSecret: true })
        {
            return Complain(
                $"--{name} is not taken from the command line, where every account of the machine can read it",
                $"set {known.EnvironmentName} in {OptionTable.DefaultConfigPath} (mode 0600), or use a passfile");
        }

        if (known is not null && !known.MayComeFrom(SourceKind.CommandLine))
        {
            return Complain($"--{name} is not taken from the command line", $"set {known.EnvironmentName}");
        }

        if (known is not null)
        {
            return Complain($"pgkeep {command.Name} does not take --{name}", $"it belongs to: {string.Join(", ", known.Commands)}");
        }

        var meant = EditDistance.Nearest(name, command.Options.Select(option => option.Name));
        var nearest = command.Options.FirstOrDefault(option => option.Name == meant);
        return Complain($"there is no option --{name}", nearest switch
        {
            null => $"pgkeep help {command.Name} lists the options",
            _ when nearest.MayComeFrom(SourceKind.CommandLine) => $"did you mean --{nearest.Name}?",
            _ => $"did you mean {nearest.EnvironmentName}? It is set in the environment or in {OptionTable.DefaultConfigPath}",
        });
    }

    private static OptionProblem Complain(string message, string hint) => new(SourceKind.CommandLine, message, hint);
}
