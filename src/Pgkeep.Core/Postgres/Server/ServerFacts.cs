using System.Globalization;
using Pgkeep.Diagnostics;

namespace Pgkeep.Postgres.Server;

/// <summary>What a server says of itself when a command begins.</summary>
internal sealed record ServerFacts
{
    /// <summary>Asked for by name; a setting that the version does not have is not there.</summary>
    private static readonly string[] SettingNames =
    [
        "server_version", "server_version_num", "data_directory", "config_file", "hba_file", "ident_file", "data_checksums", "wal_level", "archive_mode",
        "archive_command", "archive_library", "archive_timeout", "full_page_writes", "max_connections", "max_worker_processes", "max_wal_senders",
        "max_prepared_transactions", "max_locks_per_transaction", "shared_buffers", "server_encoding", "lc_collate", "lc_ctype", "TimeZone",
        "port", "listen_addresses", "unix_socket_directories", "cluster_name", "data_directory_mode",
    ];

    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    public required PostgresVersion Version { get; init; }

    public required SystemIdentifier SystemIdentifier { get; init; }

    public required TimelineId Timeline { get; init; }

    /// <summary>Whether it is a standby.</summary>
    public required bool IsInRecovery { get; init; }

    /// <summary>Whether the role may use replication slots.</summary>
    public required bool MayReplicate { get; init; }

    /// <summary>By the server's clock.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>What <c>version()</c> says, compiler and architecture included; empty where nobody told.</summary>
    public string Build { get; init; } = "";

    /// <summary>
    /// The versions of the libraries that order text, <c>icu</c> and <c>libc</c>: an index on text that another version reads is damaged. A server with
    /// libc's C collations alone, which have no version, does not tell libc's.
    /// </summary>
    public IReadOnlyDictionary<string, string> CollationVersions { get; init; } = new Dictionary<string, string>();

    public string this[string setting] => Settings.GetValueOrDefault(setting) ?? "";

    /// <summary>Why a primary archives nothing of what it writes; null where it does, however badly.</summary>
    public string? WhyNoArchiving =>
        this["archive_mode"] == "off" ? "archive_mode is off"
        : this["archive_command"] is "" or "(disabled)" && this["archive_library"].Length == 0 ? "archive_mode is on, and archive_command is empty"
        : null;

    /// <summary>Whether a backup must have the server keep its WAL: nobody archives it, or, from a standby, another server does.</summary>
    public bool NeedsSlot => IsInRecovery || WhyNoArchiving is not null;

    public static async Task<ServerFacts> ReadAsync(ServerConnection server, CancellationToken cancellationToken)
    {
        var rows = await server.QueryAsync(
            "SELECT name, setting FROM pg_settings WHERE name = ANY ($1)", row => (Name: row.Get<string>(0), Value: row.Text(1)), cancellationToken, (object)SettingNames);
        var settings = rows.Where(row => row.Value is not null).ToDictionary(row => row.Name, row => row.Value!);
        var version = VersionOf(settings);
        var facts = await server.QueryAsync(
            """
            SELECT system_identifier::text,
                -- A server that was promoted writes on its new timeline before pg_control has a checkpoint of it.
                CASE WHEN pg_is_in_recovery() THEN timeline_id::int8 ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int8 END,
                pg_is_in_recovery(), clock_timestamp(), (SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user), version()
            FROM pg_control_system(), pg_control_checkpoint()
            """,
            row => new ServerFacts
            {
                Settings = settings,
                Version = version,
                SystemIdentifier = SystemIdentifierOf(row.Get<string>(0)),
                Timeline = new TimelineId(checked((uint)row.Get<long>(1))),
                IsInRecovery = row.Get<bool>(2),
                Now = TimeOf(row, 3),
                MayReplicate = row.Get<bool>(4),
                Build = row.Get<string>(5),
            },
            cancellationToken);
        return facts[0] with { CollationVersions = await CollationVersionsAsync(server, cancellationToken) };
    }

    /// <summary>Of ICU one collation is asked: a server has some eight hundred, and they come from one library.</summary>
    private static async Task<IReadOnlyDictionary<string, string>> CollationVersionsAsync(ServerConnection server, CancellationToken cancellationToken)
    {
        var versions = await server.QueryAsync(
            """
            SELECT CASE collprovider WHEN 'c' THEN 'libc' ELSE 'icu' END, min(version) FROM (
                SELECT collprovider, pg_collation_actual_version(oid) FROM pg_catalog.pg_collation WHERE collprovider = 'c'
                UNION ALL (SELECT collprovider, pg_collation_actual_version(oid) FROM pg_catalog.pg_collation WHERE collprovider = 'i' ORDER BY oid LIMIT 1)
            ) AS v (collprovider, version)
            WHERE version IS NOT NULL GROUP BY 1 ORDER BY 1
            """,
            row => (Library: row.Get<string>(0), Version: row.Get<string>(1)),
            cancellationToken);
        return versions.ToDictionary(row => row.Library, row => row.Version);
    }

    /// <summary>Throws where this program does not know it.</summary>
    public static PostgresVersion VersionOf(IReadOnlyDictionary<string, string> settings)
    {
        var major = int.Parse(settings["server_version_num"], CultureInfo.InvariantCulture) / 10000;
        return PostgresVersion.TryGet(major, out var version) ? version : throw new PgkeepException(
            ErrorKind.ServerUnsuitable,
            $"PostgreSQL {settings["server_version"]} is not supported",
            $"this pgkeep knows the majors {PostgresVersion.All[0].Major} to {PostgresVersion.All[^1].Major}");
    }

    /// <summary>A time of the server, with this machine's zone.</summary>
    public static DateTimeOffset TimeOf(ServerRow row, int column) => new DateTimeOffset(row.Get<DateTime>(column)).ToLocalTime();

    /// <summary>The server's type is a signed number; the identifier is not.</summary>
    public static SystemIdentifier SystemIdentifierOf(string text) =>
        new(unchecked((ulong)long.Parse(text, CultureInfo.InvariantCulture)));
}
