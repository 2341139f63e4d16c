namespace Pgkeep.Postgres.Wal;

/// <summary>
/// Why records cannot be read further. The end of WAL that was still being written looks like damage, and damage may look like that end: whether more should
/// follow is for the caller to know.
/// </summary>
/// <param name="Position">Of the record or page that is meant.</param>
/// <param name="Problem">A lower-case fact about the segment that holds the position.</param>
internal sealed record WalStop(WalStopKind Kind, Lsn Position, string Problem);

internal enum WalStopKind
{
    /// <summary>Zeros where a record or a page should begin: nothing was written there.</summary>
    Zeros,

    /// <summary>A page, sound or not, that is not the one that should be there. A recycled segment has older ones behind its end.</summary>
    Page,

    /// <summary>A page whose beginning is not the rest of the record that was begun, or is one though no record was.</summary>
    Continuation,

    /// <summary>A record that cannot be one, or whose checksum does not fit.</summary>
    Record,

    /// <summary>A record that does not name the one before it as that.</summary>
    Previous,
}
