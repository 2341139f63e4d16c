using Pgkeep.Diagnostics;
using Pgkeep.Options;

namespace Pgkeep.Commands;

/// <summary>What ended a command: a row of the table of failures, and the words for it.</summary>
/// <param name="Bug">The exception, where it is one that should not have happened.</param>
internal sealed record Failure(
    ErrorKindRow Kind, int ExitCode, Command? Command, string Message, IReadOnlyList<string> Hints, Exception? Bug)
{
    /// <summary>A repository that is not there is most often a wrong or missing BACKUP_DIR: says who named the place.</summary>
    public Failure WithOrigin(OptionValues? values)
    {
        if (Kind.Kind != ErrorKind.RepositoryMissing || values is null || !values.Has(OptionTable.BackupDir))
        {
            return this;
        }

        var options = new Option[] { OptionTable.BackupDir, OptionTable.WalArchiveDir }.Where(values.Has).Select(values.Find);
        var origins = options
            .Where(value => value.Option == OptionTable.BackupDir || !value.IsDefault)
            .Select(value => $"{value.Option.EnvironmentName} is \"{value.Text}\": {value.Source}");
        return this with { Hints = [.. origins, .. Hints] };
    }

    public static Failure Of(Exception exception, Command? command, CancellationToken cancellationToken)
    {
        return exception switch
        {
            PgkeepException known => Create(known.Kind, known.Message, known.Hints),
            OperationCanceledException when cancellationToken.IsCancellationRequested => Create(ErrorKind.Interrupted, "interrupted", []),
            _ => Create(ErrorKind.Bug, $"this is a bug in pgkeep: {exception.GetType().Name}: {exception.Message}", [], exception),
        };

        Failure Create(ErrorKind kind, string message, IReadOnlyList<string> hints, Exception? bug = null)
        {
            var row = ErrorKinds.Of(kind);
            return new Failure(row, command?.ExitCode(kind) ?? row.ExitCode, command, message, hints, bug);
        }
    }
}
