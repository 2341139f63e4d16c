namespace Pgkeep.Options;

/// <summary>
/// One row of <see cref="OptionTable"/>, without the type of its value: all that command line, environment, file, help and reference
/// need to know about it.
/// </summary>
internal abstract class Option
{
    /// <summary>On the command line, without the dashes.</summary>
    public required string Name { get; init; }

    /// <summary>In the process environment and in <c>backup.env</c>; null where only the command line can say it.</summary>
    public string? EnvironmentName { get; init; }

    public SourceKind Sources { get; init; } = SourceKind.Anywhere;

    /// <summary>As a user would write it; null where <see cref="ComputedAs"/> says how it comes about.</summary>
    public string? Default { get; init; }

    /// <summary>In words, for help and reference.</summary>
    public string? ComputedAs { get; init; }

    /// <summary>Null where the value stays absent and the code that needs it finds it elsewhere.</summary>
    public Func<OptionValues, string>? Compute { get; init; }

    /// <summary>The names of the commands that take it.</summary>
    public required IReadOnlyList<string> Commands { get; init; }

    /// <summary>One line, without a full stop.</summary>
    public required string Summary { get; init; }

    public string Details { get; init; } = "";

    /// <summary>A value, as it is written in <c>backup.env</c> or after the name.</summary>
    public string? Example { get; init; }

    /// <summary>May be given several times, on the command line only; its codec gets the values one a line.</summary>
    public bool IsRepeated { get; init; }

    public abstract bool IsFlag { get; }

    public abstract bool IsSecret { get; }

    /// <summary>Whether a variable that is set to nothing counts as not set.</summary>
    public abstract bool IgnoresEmpty { get; }

    public abstract string Placeholder { get; }

    public abstract string Expected { get; }

    public abstract IEnumerable<(string Name, string Meaning)> Meanings { get; }

    /// <summary>What help shows as its default.</summary>
    public string DefaultDescription => Default ?? ComputedAs ?? "";

    public bool MayComeFrom(SourceKind source) =>
        (Sources & source) != 0 && (source == SourceKind.CommandLine || EnvironmentName is not null);

    public abstract object? ParseUntyped(string text);

    public abstract string FromCommandLine(string text, Func<string> workingDirectory);

    /// <summary>As a person would type it, <c>--port N</c>.</summary>
    public string Usage => IsFlag ? $"--{Name}" : $"--{Name} {Placeholder}";

    public override string ToString() => Name;
}
