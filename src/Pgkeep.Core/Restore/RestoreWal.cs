namespace Pgkeep.Restore;

/// <param name="Unarchived">Of the old server, copied beside the restored files.</param>
/// <param name="Warnings">What a person should know before saying yes.</param>
internal sealed record RestoreWal(WalChain Chain, IReadOnlyList<UnarchivedFile> Unarchived, IReadOnlyList<string> Warnings);
