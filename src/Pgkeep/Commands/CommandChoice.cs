using Pgkeep.Diagnostics;
using Pgkeep.Options;

namespace Pgkeep.Commands;

/// <summary>The command that the first words name, and the words that are left for it.</summary>
internal sealed record CommandChoice(Command Command, IReadOnlyList<string> Words)
{
    /// <summary>The longest name wins: <c>restore rollback</c> before <c>restore</c>.</summary>
    /// <exception cref="PgkeepException">The words name no command.</exception>
    public static CommandChoice Of(IReadOnlyList<string> words)
    {
        if (words is [var first, var second, ..] && CommandList.Find($"{first} {second}") is { } nested)
        {
            return new CommandChoice(nested, [.. words.Skip(2)]);
        }

        if (words is ["--version", ..])
        {
            return new CommandChoice(VersionCommand.Definition, [.. words.Skip(1)]);
        }

        if (words is [] or ["--help" or "-h", ..])
        {
            return new CommandChoice(HelpCommand.Definition, []);
        }

        return CommandList.Find(words[0]) is { } command
            ? new CommandChoice(command, [.. words.Skip(1)])
            : throw NoCommand(words);
    }

    private static PgkeepException NoCommand(IReadOnlyList<string> words)
    {
        var first = words[0];
        if (first.StartsWith('-'))
        {
            return new PgkeepException(
                ErrorKind.Usage,
                $"\"{first}\" stands before the command",
                "write pgkeep COMMAND [OPTION]...; pgkeep help lists the commands");
        }

        var group = CommandList.InGroup(first);
        if (group.Count > 0)
        {
            var said = words.Count > 1 && !words[1].StartsWith('-')
                ? $"there is no command \"{first} {words[1]}\""
                : $"\"{first}\" alone is no command";
            return new PgkeepException(ErrorKind.Usage, said, $"choose one of: {string.Join(", ", group.Select(command => command.Name))}");
        }

        var nearest = EditDistance.Nearest(first, CommandList.Visible.Select(command => command.Name.Split(' ')[0]));
        return new PgkeepException(
            ErrorKind.Usage,
            $"there is no command \"{first}\"",
            nearest is null ? "pgkeep help lists the commands" : $"did you mean {nearest}?");
    }
}
