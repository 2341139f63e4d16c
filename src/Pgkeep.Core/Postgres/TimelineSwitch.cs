namespace Pgkeep.Postgres;

/// <summary>One line of a history file: a timeline, where it was left, and why.</summary>
/// <param name="Timeline">The timeline that was left.</param>
/// <param name="SwitchPoint">As written. Two of a history need not follow in order: see <see cref="TimelineHistory"/>.</param>
internal sealed record TimelineSwitch(TimelineId Timeline, Lsn SwitchPoint, string Reason);
