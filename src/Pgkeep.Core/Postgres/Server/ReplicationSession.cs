using Npgsql;
using Npgsql.Replication;
using Pgkeep.Diagnostics;

namespace Pgkeep.Postgres.Server;

/// <summary>
/// A session in the replication protocol (manual, "Streaming Replication Protocol"): all that a role with REPLICATION alone has, and where
/// <c>pg_hba.conf</c> lets it in for <c>replication</c> only, all that there is.
/// </summary>
internal sealed class ReplicationSession : IAsyncDisposable
{
    /// <summary>Those that the server shows to every role; <c>data_directory</c> and the paths of the configuration it does not.</summary>
    private static readonly string[] SettingNames =
    [
        "server_version", "server_version_num", "data_checksums", "data_directory_mode", "wal_level", "archive_mode", "archive_command", "archive_timeout",
        "full_page_writes", "max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions", "max_locks_per_transaction",
        "shared_buffers", "server_encoding", "TimeZone", "port", "cluster_name",
    ];

    private readonly PhysicalReplicationConnection _connection;
    private readonly string _slot;

    private ReplicationSession(PhysicalReplicationConnection connection)
    {
        _connection = connection;
        _slot = $"pgkeep_{connection.ProcessID}";
    }

    public static async Task<ReplicationSession> OpenAsync(ConnectionSettings settings, CancellationToken cancellationToken)
    {
        // libpq's name for it in a password file.
        var connection = new PhysicalReplicationConnection(ConnectionString.TextOf(settings with { Database = "replication" }));
        try
        {
            await connection.Open(cancellationToken);
            return new ReplicationSession(connection);
        }
        catch (Exception thrown) when (IsServers(thrown) || thrown is TimeoutException)
        {
            await connection.DisposeAsync();
            throw Refused(thrown, ConnectionString.Resolve(settings));
        }
    }

    /// <summary>What a session of this kind can tell; the time is this machine's, for the protocol has no question for the server's.</summary>
    public Task<ServerFacts> ReadFactsAsync(TimeProvider time, CancellationToken cancellationToken) => AskAsync("IDENTIFY_SYSTEM", async () =>
    {
        var settings = new Dictionary<string, string>();
        foreach (var name in SettingNames)
        {
            settings[name] = await _connection.Show(name, cancellationToken);
        }

        var version = ServerFacts.VersionOf(settings);
        if (version.HasArchiveLibrary)
        {
            settings["archive_library"] = await _connection.Show("archive_library", cancellationToken);
        }

        var system = await _connection.IdentifySystem(cancellationToken);
        return new ServerFacts
        {
            Settings = settings,
            Version = version,
            SystemIdentifier = SystemIdentifier.TryParse(system.SystemId, out var identifier)
                ? identifier
                : throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server answered \"{system.SystemId}\" for its system identifier"),
            Timeline = new TimelineId(system.Timeline),
            // A standby says so itself in the backup_label, the first thing it sends.
            IsInRecovery = false,
            MayReplicate = true,
            Now = time.GetLocalNow(),
        };
    });

    /// <summary>How far the server's WAL is on its disk.</summary>
    public Task<Lsn> ReadPositionAsync(CancellationToken cancellationToken) =>
        AskAsync("IDENTIFY_SYSTEM", async () => new Lsn((ulong)(await _connection.IdentifySystem(cancellationToken)).XLogPos));

    /// <summary>A setting that is a size, in bytes.</summary>
    public Task<long> ReadSizeAsync(string setting, CancellationToken cancellationToken) => AskAsync($"SHOW {setting}", async () =>
    {
        var text = await _connection.Show(setting, cancellationToken);
        return SettingSize.TryParse(text, out var bytes) ? bytes : throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server answered \"{text}\" for {setting}");
    });

    /// <summary>
    /// From now on, and as long as this session lasts, the server keeps its WAL: a temporary slot, which goes with the session however it ends.
    /// </summary>
    /// <returns>Null, or why the server makes none: no slot is free, or <c>max_replication_slots</c> is 0. Npgsql closes the session then.</returns>
    public async Task<string?> TryReserveWalAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _connection.CreateReplicationSlot(_slot, isTemporary: true, reserveWal: true, cancellationToken);
            return null;
        }
        catch (PostgresException refused)
        {
            return refused.MessageText;
        }
        catch (Exception thrown) when (IsServers(thrown))
        {
            throw ServerError.From(thrown, "CREATE_REPLICATION_SLOT");
        }
    }

    /// <summary>Null where there is no such slot, and where the server has no such question (before 15): then only an ordinary session can tell.</summary>
    public async Task<SlotState?> ReadSlotAsync(string slot, PostgresVersion version, CancellationToken cancellationToken) =>
        version.HasReadReplicationSlot && await AskAsync("READ_REPLICATION_SLOT", () => _connection.ReadReplicationSlot(slot, cancellationToken)) is { } found
            ? new SlotState(found.RestartLsn is { } restart ? new Lsn((ulong)restart) : null, null)
            : null;

    /// <summary>A lasting slot that keeps the server's WAL from now on. The session is closed where that fails.</summary>
    /// <returns>False where it is there already.</returns>
    public async Task<bool> CreateSlotAsync(string slot, CancellationToken cancellationToken)
    {
        try
        {
            await _connection.CreateReplicationSlot(slot, isTemporary: false, reserveWal: true, cancellationToken);
            return true;
        }
        catch (PostgresException found) when (found.SqlState == PostgresErrorCodes.DuplicateObject)
        {
            return false;
        }
        catch (PostgresException full) when (full.SqlState == PostgresErrorCodes.ConfigurationLimitExceeded)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"the server makes no replication slot: {full.MessageText}",
                full,
                "raise max_replication_slots and restart the server, or drop a slot that nobody uses: SELECT slot_name, active FROM pg_replication_slots");
        }
        catch (Exception thrown) when (IsServers(thrown))
        {
            throw ServerError.From(thrown, "CREATE_REPLICATION_SLOT");
        }
    }

    /// <summary>False where there is no such slot.</summary>
    public async Task<bool> DropSlotAsync(string slot, CancellationToken cancellationToken)
    {
        try
        {
            await _connection.DropReplicationSlot(slot, wait: false, cancellationToken);
            return true;
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.UndefinedObject)
        {
            return false;
        }
        catch (PostgresException used) when (used.SqlState == PostgresErrorCodes.ObjectInUse)
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server does not drop the slot: {used.MessageText}", used, "stop its receiver first");
        }
        catch (Exception thrown) when (IsServers(thrown))
        {
            throw ServerError.From(thrown, "DROP_REPLICATION_SLOT");
        }
    }

    /// <summary>A timeline's history file, byte for byte; null where the server does not have it.</summary>
    public async Task<byte[]?> ReadHistoryAsync(TimelineId timeline, CancellationToken cancellationToken)
    {
        try
        {
            var row = await NpgsqlInternals.ReadRowAsync(_connection, $"TIMELINE_HISTORY {timeline.Value}", cancellationToken);
            return row is [_, byte[] bytes] ? bytes : row is [_, string text] ? System.Text.Encoding.UTF8.GetBytes(text) : null;
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.UndefinedFile)
        {
            return null;
        }
        catch (Exception thrown) when (IsServers(thrown))
        {
            throw ServerError.From(thrown, "TIMELINE_HISTORY");
        }
    }

    /// <summary>The session is the stream's from now on.</summary>
    public WalStream StartWal(string slot, TimelineId timeline, Lsn start) => new(_connection, slot, timeline, start);

    /// <summary>Of the server's process for this session.</summary>
    public int ProcessId => _connection.ProcessID;

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static PgkeepException Refused(Exception thrown, ConnectionSettings settings) => thrown switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } denied => new(
            ErrorKind.AccessDenied, $"a replication session is refused: {denied.MessageText}", denied, $"as a superuser: ALTER ROLE \"{settings.User}\" REPLICATION;"),
        PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } closed => new(
            ErrorKind.LoginRefused, $"a replication session is refused: {closed.MessageText}", closed, $"pg_hba.conf needs a line for it, such as: host replication {settings.User} ADDRESS scram-sha-256"),
        _ => ServerError.WhileConnecting(thrown, settings),
    };

    private static bool IsServers(Exception thrown) => thrown is NpgsqlException or IOException or System.Net.Sockets.SocketException;

    private static async Task<T> AskAsync<T>(string what, Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (Exception thrown) when (IsServers(thrown))
        {
            throw ServerError.From(thrown, what);
        }
    }
}
