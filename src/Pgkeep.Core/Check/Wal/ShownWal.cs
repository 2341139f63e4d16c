using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;

namespace Pgkeep.Check.Wal;

/// <summary>What <c>wal show</c> has counted.</summary>
/// <param name="Source">The archive or the file.</param>
/// <param name="Timeline">The one whose history was followed.</param>
/// <param name="Problem">Why there is less than was asked for, as a sentence; null where there is not.</param>
internal sealed record ShownWal(string Source, TimelineId Timeline, WalStatistics Statistics, string? Problem);
