namespace Pgkeep.Diagnostics;

/// <summary>
/// A failure that a person can act on. <see cref="Exception.Message"/> is a lower-case fact with the values in quotes and no full stop;
/// each hint says what to do. Everything else that is thrown is a bug of ours.
/// </summary>
internal sealed class PgkeepException : Exception
{
    public PgkeepException(ErrorKind kind, string message, params IReadOnlyList<string> hints)
        : this(kind, message, null, hints)
    {
    }

    public PgkeepException(ErrorKind kind, string message, Exception? inner, params IReadOnlyList<string> hints)
        : base(message, inner)
    {
        Kind = kind;
        Hints = hints;
    }

    public ErrorKind Kind { get; }

    public IReadOnlyList<string> Hints { get; }
}
