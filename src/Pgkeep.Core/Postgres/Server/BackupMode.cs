namespace Pgkeep.Postgres.Server;

/// <summary>
/// The server's backup mode, which lasts as long as the session it was begun on. PostgreSQL manual, "Making a Base Backup Using the Low Level
/// API".
/// </summary>
internal sealed class BackupMode
{
    private readonly ServerConnection _server;
    private readonly PostgresVersion _version;

    private BackupMode(ServerConnection server, PostgresVersion version, Lsn start, DateTimeOffset started)
    {
        _server = server;
        _version = version;
        Start = start;
        Started = started;
    }

    public Lsn Start { get; }

    /// <summary>By the server's clock.</summary>
    public DateTimeOffset Started { get; }

    /// <summary>Waits for the checkpoint.</summary>
    public static async Task<BackupMode> BeginAsync(
        ServerConnection server, PostgresVersion version, string label, bool fastCheckpoint, CancellationToken cancellationToken)
    {
        var begun = await server.QueryAsync(
            $"SELECT {version.BackupStartCall}::text, clock_timestamp()",
            row => (Start: ServerWal.LsnOf(row.Get<string>(0)), Time: ServerFacts.TimeOf(row, 1)),
            cancellationToken,
            label,
            fastCheckpoint);
        return new BackupMode(server, version, begun[0].Start, begun[0].Time);
    }

    /// <summary>Ends it without the server waiting for its archive: whoever calls this proves the WAL itself.</summary>
    public async Task<BackupEnd> EndAsync(CancellationToken cancellationToken)
    {
        var ended = await _server.QueryAsync(
            $"SELECT lsn::text, labelfile, spcmapfile, clock_timestamp() FROM {_version.BackupStopCall}",
            row => new BackupEnd(ServerWal.LsnOf(row.Get<string>(0)), row.Get<string>(1), row.Text(2) ?? "", ServerFacts.TimeOf(row, 3)),
            cancellationToken,
            false);
        return ended[0];
    }
}

/// <param name="Label">The content of <c>backup_label</c>, to be stored byte for byte.</param>
/// <param name="TablespaceMap">The content of <c>tablespace_map</c>; empty where there are no tablespaces.</param>
internal sealed record BackupEnd(Lsn Stop, string Label, string TablespaceMap, DateTimeOffset Stopped);
