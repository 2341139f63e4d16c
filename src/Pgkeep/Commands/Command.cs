using Pgkeep.Diagnostics;
using Pgkeep.Options;

namespace Pgkeep.Commands;

/// <summary>
/// A command as data: command line, help and reference are made from it. Its options are the rows of <see cref="OptionTable"/> that
/// name it. A new command is one file that holds one of these and one line in <see cref="CommandList"/>.
/// </summary>
internal sealed class Command
{
    private readonly IReadOnlyList<Option>? _options;

    /// <summary>One of <see cref="CommandNames"/>; a blank separates a group from what it holds: <c>config show</c>.</summary>
    public required string Name { get; init; }

    /// <summary>One line, without a full stop.</summary>
    public required string Summary { get; init; }

    public string Details { get; init; } = "";

    public IReadOnlyList<Argument> Arguments { get; init; } = [];

    public IReadOnlyList<Example> Examples { get; init; } = [];

    /// <summary>Not in help and reference.</summary>
    public bool IsHidden { get; init; }

    /// <summary>For the commands that a server calls: it reads more into an exit code than failed or not.</summary>
    public Func<ErrorKind, int> ExitCode { get; init; } = kind => ErrorKinds.Of(kind).ExitCode;

    /// <summary>Its exit code, 0 when done. Failures are thrown as <see cref="PgkeepException"/>.</summary>
    public required Func<CommandContext, CancellationToken, Task<int>> RunAsync { get; init; }

    public IReadOnlyList<Option> Options
    {
        get => _options ?? OptionTable.TakenBy(Name);
        init => _options = value;
    }

    public string Usage =>
        string.Join(' ', ["pgkeep", Name, .. Arguments.Select(argument => argument.Usage)]) + (Options.Count > 0 ? " [OPTION]..." : "");
}
