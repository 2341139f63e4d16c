namespace Pgkeep.Demo;

/// <param name="Backup">Its directory.</param>
/// <param name="Moment">As the restore was told it.</param>
/// <param name="Restore">How long it took.</param>
internal sealed record DemoOutcome(string Backup, string Moment, TimeSpan Restore);
