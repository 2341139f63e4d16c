using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Backup;

/// <summary>
/// <c>catalog.json.gz</c>: which relation each file is, so that a damaged page has a name, a single table can be found without a server, and the WAL can be searched by names. One
/// row is in memory at a time, and the names of the schemas.
/// </summary>
internal sealed class CatalogSnapshot
{
    private const string Relations =
        """
        SELECT n.nspname::text, c.relname::text, c.relkind::text, c.oid::int8, coalesce(pg_relation_filenode(c.oid), 0)::int8, c.ctid::text, n.oid::int8,
               (CASE c.reltablespace WHEN 0 THEN d.dattablespace ELSE c.reltablespace END)::int8
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_database d ON d.datname = current_database()
        """;

    private const string Schemas = "SELECT nspname::text, oid::int8, ctid::text FROM pg_catalog.pg_namespace";

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly PendingFile _file;
    private readonly FrameStream _gzip;
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly List<string> _missing = [];
    private readonly List<(string Database, string Name, long Oid, string Place)> _schemas = [];
    private bool _isFirst;

    private CatalogSnapshot(PendingFile file, FrameStream gzip)
    {
        _file = file;
        _gzip = gzip;
    }

    /// <summary>The databases that could not be read, each with the reason.</summary>
    public static async Task<IReadOnlyList<string>> WriteAsync(
        PendingBackup pending, int level, ConnectionSettings settings, ServerConnection connection, CancellationToken cancellationToken)
    {
        var databases = await connection.QueryAsync(
            "SELECT datname::text, datallowconn, has_database_privilege(oid, 'CONNECT'), oid::int8, dattablespace::int8, ctid::text FROM pg_catalog.pg_database ORDER BY oid",
            row => (Name: row.Get<string>(0), Allows: row.Get<bool>(1), IsGranted: row.Get<bool>(2), Oid: row.Get<long>(3), Tablespace: row.Get<long>(4), Place: row.Get<string>(5)),
            cancellationToken);
        using var file = pending.CreateFile(RepositoryLayout.CatalogName);
        using var gzip = FrameStream.Gzip(file.Content, level);
        var snapshot = new CatalogSnapshot(file, gzip);
        snapshot.Begin("{\"format_version\":1,\"databases\":["u8);
        foreach (var database in databases)
        {
            snapshot.AddRow(json =>
            {
                json.WriteString("database", database.Name);
                json.WriteNumber("oid", database.Oid);
                json.WriteNumber("tablespace", database.Tablespace);
                json.WriteString("ctid", database.Place);
            });
        }

        snapshot.Begin("\n],\"relations\":["u8);
        foreach (var (name, allows, isGranted, _, _, _) in databases)
        {
            if (!allows || !isGranted)
            {
                snapshot._missing.Add($"{name}: {(allows ? "the role may not connect" : "it accepts no connections")}");
                continue;
            }

            await snapshot.AddAsync(name, settings with { Database = name }, cancellationToken);
        }

        snapshot.AddSchemas();
        snapshot.Write("\n]}\n"u8);
        snapshot.Complete();
        return snapshot._missing;
    }

    /// <summary>A database that goes away meanwhile, or refuses, is told and no failure: nothing that a restore needs is in here.</summary>
    private async Task AddAsync(string database, ConnectionSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await ServerConnection.OpenAsync(settings, cancellationToken);
            // A forgotten lock on pg_class must not hold the backup; the names are a convenience, and their lack is noted.
            await connection.ExecuteAsync("SET lock_timeout = '30s'", cancellationToken);
            await connection.ForEachAsync(Relations, row => AddRelation(database, row), cancellationToken);
            await connection.ForEachAsync(Schemas, row => _schemas.Add((database, row.Get<string>(0), row.Get<long>(1), row.Get<string>(2))), cancellationToken);
        }
        catch (PgkeepException refused) when (refused.Kind is ErrorKind.LoginRefused or ErrorKind.ServerUnreachable or ErrorKind.AccessDenied or ErrorKind.ServerUnsuitable)
        {
            _missing.Add($"{database}: {refused.Message}");
        }
    }

    private void AddRelation(string database, ServerRow row) => AddRow(json =>
    {
        json.WriteString("database", database);
        json.WriteString("schema", row.Get<string>(0));
        json.WriteString("relation", row.Get<string>(1));
        json.WriteString("kind", row.Get<string>(2));
        json.WriteNumber("oid", row.Get<long>(3));
        json.WriteNumber("file_node", row.Get<long>(4));
        json.WriteString("ctid", row.Get<string>(5));
        json.WriteNumber("schema_oid", row.Get<long>(6));
        json.WriteNumber("tablespace", row.Get<long>(7));
    });

    private void AddSchemas()
    {
        Begin("\n],\"schemas\":["u8);
        foreach (var (database, name, oid, place) in _schemas)
        {
            AddRow(json =>
            {
                json.WriteString("database", database);
                json.WriteString("schema", name);
                json.WriteNumber("oid", oid);
                json.WriteString("ctid", place);
            });
        }
    }

    /// <summary>Begins the next list.</summary>
    private void Begin(ReadOnlySpan<byte> text)
    {
        Write(text);
        _isFirst = true;
    }

    private void AddRow(Action<Utf8JsonWriter> write)
    {
        _line.ResetWrittenCount();
        _line.Write(_isFirst ? "\n"u8 : ",\n"u8);
        _isFirst = false;
        using (var json = new Utf8JsonWriter(_line, Options))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        Write(_line.WrittenSpan);
    }

    private void Write(ReadOnlySpan<byte> text)
    {
        try
        {
            _gzip.Write(text);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", _file.Path);
        }
    }

    private void Complete()
    {
        try
        {
            _gzip.Complete();
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", _file.Path);
        }

        _file.Complete();
    }
}
