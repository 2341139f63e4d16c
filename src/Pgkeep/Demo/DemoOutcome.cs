namespace Pgkeep.Demo;

/// <param name="Backup">Its directory.</param>
/// <param name="BackupOver">A moment at which the backup was over, with business after it: another one to restore to.</param>
/// <param name="Restore">How long it took.</param>
internal sealed record DemoOutcome(string Backup, string BackupOver, TimeSpan Restore);
