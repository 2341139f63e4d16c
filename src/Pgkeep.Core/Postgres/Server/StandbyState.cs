using Npgsql;
using Pgkeep.Diagnostics;

namespace Pgkeep.Postgres.Server;

/// <summary>How far a standby has come.</summary>
/// <param name="Replayed">The end of the last record.</param>
/// <param name="LastCommit">By the primary's clock; null before the first since its start.</param>
/// <param name="Timeline">Of its minimum recovery point.</param>
internal sealed record StandbyState(Lsn Replayed, DateTimeOffset? LastCommit, TimelineId Timeline)
{
    /// <summary>Throws where it is a standby no longer.</summary>
    public static async Task<StandbyState> ReadAsync(ServerConnection server, CancellationToken cancellationToken)
    {
        var states = await server.QueryAsync(
            """
            SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn()::text, pg_last_xact_replay_timestamp(), min_recovery_end_timeline::int8
            FROM pg_control_recovery()
            """,
            row => row.Get<bool>(0)
                ? new StandbyState(ServerWal.LsnOf(row.Get<string>(1)), row.IsNull(2) ? null : ServerFacts.TimeOf(row, 2), new TimelineId(checked((uint)row.Get<long>(3))))
                : throw Promoted(null),
            cancellationToken);
        return states[0];
    }

    /// <summary>
    /// What a standby means that does not begin or end a backup. Its words depend on its language, its SQLSTATE is the same for both reasons there
    /// are (src/backend/access/transam/xlog.c, do_pg_backup_start and do_pg_backup_stop).
    /// </summary>
    public static async Task<PgkeepException> ExplainAsync(ServerConnection server, PgkeepException refused, CancellationToken cancellationToken)
    {
        if (refused.InnerException is not PostgresException { SqlState: PostgresErrorCodes.ObjectNotInPrerequisiteState } said)
        {
            return refused;
        }

        return await server.ScalarAsync<bool>("SELECT pg_is_in_recovery()", cancellationToken)
            ? new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"the standby cannot be backed up: {said.MessageText}",
                refused,
                "a backup from a standby needs full_page_writes = on at the primary: set it there, run CHECKPOINT there, and take the backup again")
            : Promoted(refused);
    }

    public static PgkeepException Promoted(Exception? cause) => new(
        ErrorKind.ServerUnsuitable, "the standby was promoted while the backup ran", cause, "take the backup again: the server is a primary now");
}
