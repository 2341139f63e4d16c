namespace Pgkeep.Postgres;

/// <summary>The part of a timeline's WAL that a backup needs. A manifest lists the newest timeline first.</summary>
internal sealed record WalRange(TimelineId Timeline, Lsn Start, Lsn End);
