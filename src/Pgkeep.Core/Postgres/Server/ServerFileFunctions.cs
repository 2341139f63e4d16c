using System.Text;
using Npgsql;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Postgres.Server;

/// <summary>
/// The server's functions that read its own files (manual, "Generic File Access Functions"), over several sessions: each call borrows one and
/// waits for it in the caller's own thread. Paths are relative to the data directory; they need EXECUTE on the functions and no more, for
/// without <c>pg_read_server_files</c> the server itself allows what lies in its data directory (src/backend/utils/adt/genfile.c,
/// convert_and_check_filename).
/// </summary>
internal sealed class ServerFileFunctions : IDisposable
{
    private readonly List<ServerConnection> _sessions = [];
    private readonly Stack<ServerConnection> _idle = [];
    private readonly SemaphoreSlim _free = new(0);

    private readonly CancellationToken _stop;

    private ServerFileFunctions(bool mayReadOutside, CancellationToken stop)
    {
        MayReadOutside = mayReadOutside;
        _stop = stop;
    }

    /// <summary>Whether the role may read what lies outside the data directory too.</summary>
    public bool MayReadOutside { get; }

    /// <param name="connection">To the server that is meant. An address can lead to several, and behind a balancer each session to another.</param>
    /// <param name="count">Sessions, which is how many calls can run at a time.</param>
    /// <param name="cancellationToken">Ends every later call as well.</param>
    public static async Task<ServerFileFunctions> OpenAsync(ConnectionSettings settings, ServerConnection connection, int count, CancellationToken cancellationToken)
    {
        var server = await ServerOfAsync(connection, cancellationToken);
        var functions = new ServerFileFunctions(
            await connection.ScalarAsync<bool>("SELECT pg_has_role('pg_read_server_files', 'USAGE')", cancellationToken),
            cancellationToken);
        try
        {
            for (var number = 0; number < count; number++)
            {
                functions._sessions.Add(await ServerConnection.OpenAsync(settings, cancellationToken));
                if (await ServerOfAsync(functions._sessions[^1], cancellationToken) != server)
                {
                    throw new PgkeepException(
                        ErrorKind.ServerUnsuitable, $"two connections as {settings} lead to two different servers", "connect to one server directly, not through a balancer or a list of hosts");
                }
            }
        }
        catch
        {
            functions.Dispose();
            throw;
        }

        functions._sessions.ForEach(functions.Return);
        return functions;
    }

    /// <summary>Those outside the data directory, in order of their OIDs; also of a tablespace whose creation is not committed yet.</summary>
    public IReadOnlyList<TablespaceLink> Tablespaces() => Query(
        """
        SELECT oid::int8, convert_to(location, getdatabaseencoding()) FROM (
            SELECT name::oid, pg_tablespace_location(name::oid) FROM pg_ls_dir('pg_tblspc', true, false) AS name WHERE name ~ '^[0-9]+$') AS t (oid, location)
        WHERE location LIKE '/%' ORDER BY oid
        """,
        row => new TablespaceLink(new Oid(checked((uint)row.GetInt64(0))), Encoding.UTF8.GetString(row.GetFieldValue<byte[]>(1))));

    /// <summary>The entries of a directory, without the two that are always there; none where it is gone.</summary>
    public void ForEachName(string directory, Action<string> take) => Query(
        "SELECT name FROM pg_ls_dir($1, true, false) AS name",
        row =>
        {
            take(row.GetString(0));
            return true;
        },
        directory);

    /// <summary>One for each path, in their order; null where there is nothing. Links are followed.</summary>
    public List<ServerFileStatus?> StatusOf(string[] paths) => Query(
        """
        SELECT s.size, s.modification, s.isdir FROM unnest($1::text[]) WITH ORDINALITY AS p (path, number)
        LEFT JOIN LATERAL pg_stat_file(p.path, true) AS s ON true ORDER BY p.number
        """,
        row => row.IsDBNull(0) ? null : (ServerFileStatus?)new ServerFileStatus(row.GetInt64(0), row.GetFieldValue<DateTime>(1), row.GetBoolean(2)),
        (object)paths);

    /// <summary>One for each path, in their order; null where the file is gone.</summary>
    /// <param name="lengths">No more than this is read of each.</param>
    public List<byte[]?> ReadAll(string[] paths, long[] lengths) => Query(
        """
        SELECT pg_read_binary_file(p.path, 0, p.length, true)
        FROM unnest($1::text[], $2::int8[]) WITH ORDINALITY AS p (path, length, number) ORDER BY p.number
        """,
        row => row.IsDBNull(0) ? null : row.GetFieldValue<byte[]>(0),
        paths,
        lengths);

    /// <returns>How many bytes were read, which are fewer only at the end of the file; 0 where it is gone.</returns>
    public int Read(string path, Span<byte> buffer, long offset)
    {
        var session = Borrow();
        try
        {
            return session.ReadBytes("SELECT pg_read_binary_file($1, $2, $3, true)", buffer, _stop, path, offset, (long)buffer.Length);
        }
        finally
        {
            Return(session);
        }
    }

    public void Dispose()
    {
        _sessions.ForEach(session => session.Dispose());
        _free.Dispose();
    }

    private static Task<string> ServerOfAsync(ServerConnection connection, CancellationToken cancellationToken) => connection.ScalarAsync<string>(
        "SELECT format('%s %s', system_identifier, extract(epoch FROM pg_postmaster_start_time())) FROM pg_control_system()", cancellationToken);

    private List<T> Query<T>(string sql, Func<NpgsqlDataReader, T> read, params object[] parameters)
    {
        var session = Borrow();
        try
        {
            return session.Query(sql, read, _stop, parameters);
        }
        finally
        {
            Return(session);
        }
    }

    private ServerConnection Borrow()
    {
        _free.Wait(_stop);
        lock (_idle)
        {
            return _idle.Pop();
        }
    }

    private void Return(ServerConnection session)
    {
        lock (_idle)
        {
            _idle.Push(session);
        }

        _free.Release();
    }
}

/// <param name="Modified">By the server's clock.</param>
internal readonly record struct ServerFileStatus(long Size, DateTimeOffset Modified, bool IsDirectory);
