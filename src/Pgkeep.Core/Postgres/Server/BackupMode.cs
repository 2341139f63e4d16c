using Pgkeep.Diagnostics;

namespace Pgkeep.Postgres.Server;

/// <summary>
/// The server's backup mode, which lasts as long as the session it was begun on. PostgreSQL manual, "Making a Base Backup Using the Low Level
/// API".
/// </summary>
internal sealed class BackupMode
{
    private readonly ServerConnection _server;
    private readonly ServerFacts _facts;

    private BackupMode(ServerConnection server, ServerFacts facts, Lsn start, DateTimeOffset started)
    {
        _server = server;
        _facts = facts;
        Start = start;
        Started = started;
    }

    public Lsn Start { get; }

    /// <summary>By the server's clock.</summary>
    public DateTimeOffset Started { get; }

    /// <summary>Waits for the checkpoint, or on a standby for the restartpoint.</summary>
    public static async Task<BackupMode> BeginAsync(
        ServerConnection server, ServerFacts facts, string label, bool fastCheckpoint, CancellationToken cancellationToken)
    {
        try
        {
            var begun = await server.QueryAsync(
                $"SELECT {facts.Version.BackupStartCall}::text, clock_timestamp()",
                row => (Start: ServerWal.LsnOf(row.Get<string>(0)), Time: ServerFacts.TimeOf(row, 1)),
                cancellationToken,
                label,
                fastCheckpoint);
            return new BackupMode(server, facts, begun[0].Start, begun[0].Time);
        }
        catch (PgkeepException refused) when (facts.IsInRecovery)
        {
            throw await StandbyState.ExplainAsync(server, refused, cancellationToken);
        }
    }

    /// <summary>Ends it without the server waiting for its archive: whoever calls this proves the WAL itself.</summary>
    public async Task<BackupEnd> EndAsync(CancellationToken cancellationToken)
    {
        try
        {
            var ended = await _server.QueryAsync(
                $"""
                SELECT lsn::text, convert_to(labelfile, getdatabaseencoding()), convert_to(coalesce(spcmapfile, ''), getdatabaseencoding()), clock_timestamp()
                FROM {_facts.Version.BackupStopCall}
                """,
                row => new BackupEnd(ServerWal.LsnOf(row.Get<string>(0)), row.Get<byte[]>(1), row.Get<byte[]>(2), ServerFacts.TimeOf(row, 3)),
                cancellationToken,
                false);
            return _facts.IsInRecovery ? await WithReplayedAsync(ended[0], cancellationToken) : ended[0];
        }
        catch (PgkeepException refused) when (_facts.IsInRecovery)
        {
            throw await StandbyState.ExplainAsync(_server, refused, cancellationToken);
        }
    }

    /// <summary>
    /// A standby answers with its minimum recovery point, which can be minutes behind what it has replayed and its queries see
    /// (src/backend/access/transam/xlog.c, do_pg_backup_stop). So the end is here what was replayed by then, and its time no earlier than the
    /// last commit in it, whatever the two servers' clocks say.
    /// </summary>
    private async Task<BackupEnd> WithReplayedAsync(BackupEnd end, CancellationToken cancellationToken)
    {
        var state = await StandbyState.ReadAsync(_server, cancellationToken);
        return end with
        {
            Stop = state.Replayed > end.Stop ? state.Replayed : end.Stop,
            Stopped = state.LastCommit > end.Stopped ? state.LastCommit.Value : end.Stopped,
            Timeline = state.Timeline,
        };
    }
}

/// <param name="Label">The content of <c>backup_label</c>, byte for byte: a path in it is the file system's, whatever the database's encoding makes of it.</param>
/// <param name="TablespaceMap">The content of <c>tablespace_map</c>; empty where there are no tablespaces.</param>
internal sealed record BackupEnd(Lsn Stop, byte[] Label, byte[] TablespaceMap, DateTimeOffset Stopped)
{
    /// <summary>That a standby has come to; null on a primary, where the label tells.</summary>
    public TimelineId? Timeline { get; init; }
}
