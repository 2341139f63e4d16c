namespace Pgkeep.Options;

/// <summary>Where a value came from, as it is told to a person: <c>--port</c>, <c>environment PGPORT</c>, <c>backup.env:3</c>.</summary>
internal readonly record struct ValueSource(SourceKind Kind, string Description)
{
    public static ValueSource Default { get; } = new(SourceKind.Default, "default");

    public static ValueSource CommandLine(string name) => new(SourceKind.CommandLine, $"--{name}");

    public static ValueSource Environment(string name) => new(SourceKind.Environment, $"environment {name}");

    public static ValueSource File(string path, int line) => new(SourceKind.File, $"{path}:{line}");

    public override string ToString() => Description;
}
