using Pgkeep.Options;
using Pgkeep.Posix;
using Pgkeep.Search;

namespace Pgkeep.Commands;

/// <summary>The command that restores to right before or after something, as a person would type it here: it names the repository where the caller has.</summary>
internal sealed class RestoreCommandLine
{
    private readonly IReadOnlyList<string> _places;
    private readonly DateTimeOffset? _restoresFrom;

    public RestoreCommandLine(CommandContext context, FindResult result)
    {
        _restoresFrom = result.RestoresFrom;
        _places =
        [
            // The same number names another transaction on another timeline, and which is the newest one may change before the command is run.
            $"--{OptionTable.TargetTimeline.Name}", $"{result.Timeline}",
            .. ((IEnumerable<Option>)[OptionTable.Config, OptionTable.BackupDir, OptionTable.WalArchiveDir])
                .Select(context.Values.Find)
                .Where(value => value.Source.Kind is SourceKind.CommandLine or SourceKind.Environment)
                .SelectMany(value => (IEnumerable<string>)[$"--{value.Option.Name}", value.Text]),
        ];
    }

    /// <summary>Null where there is nothing to restore to: it took nothing away that lasted, or no backup had ended by then.</summary>
    public string? Before(FoundTransaction transaction) => transaction.Time < _restoresFrom ? null
        : transaction.DroppedDatabases.Count > 0 ? transaction.RestoreBefore is { } position ? Of("--target-lsn", $"{position}", "--target-exclusive") : null
        : transaction.Outcome == TransactionOutcome.Committed ? Before(transaction.Xid)
        : null;

    public string Before(uint xid) => Of("--target-xid", $"{xid}", "--target-exclusive");

    /// <summary>It and all before it comes back; null where it took nothing away that lasted.</summary>
    public string? After(FoundTransaction transaction) => transaction.Outcome == TransactionOutcome.Committed ? After(transaction.Xid) : null;

    public string After(uint xid) => Of("--target-xid", $"{xid}");

    public string To(FoundRestorePoint point) => Of("--target-name", point.Name);

    private string Of(params IEnumerable<string> words) => ShellQuote.Join(["pgkeep", CommandNames.Restore, .. words, .. _places]);
}
