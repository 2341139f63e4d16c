using Pgkeep.Diagnostics;
using Pgkeep.Postgres.Server;

namespace Pgkeep.Restore.Databases;

/// <summary>
/// Databases of which all relations are zeros. A session in one would end the whole server: that an index of the catalogue cannot be opened is a PANIC (PostgreSQL
/// src/backend/utils/cache/relcache.c, load_critical_index), and comes before the server looks whether a database takes connections. So they are marked as DROP DATABASE marks one that it has begun with:
/// nobody gets in, no vacuum comes, and all that can be done is to drop them. Releases before 13.12, 14.9 and 15.4 do not know the mark.
/// </summary>
internal static class EmptiedDatabases
{
    // PostgreSQL src/include/catalog/pg_database.h, DATCONNLIMIT_INVALID_DB. The other three are for older releases, as pg_upgrade sets them (src/bin/pg_upgrade/pg_upgrade.c, set_frozenxids): a vacuum against
    // the wraparound of transaction numbers gets in everywhere.
    private const string Closing =
        """
        UPDATE pg_catalog.pg_database
        SET datconnlimit = -2, datallowconn = false, datfrozenxid = pg_catalog.pg_current_xact_id()::xid, datminmxid = (SELECT next_multixact_id FROM pg_catalog.pg_control_checkpoint())
        WHERE oid = ANY (pg_catalog.string_to_array($1, ',')::oid[])
        """;

    /// <returns>Null, or what a person has to know who has them open.</returns>
    public static async Task<string?> CloseAsync(ServerConnection server, DatabaseChoice databases)
    {
        try
        {
            await server.ExecuteAsync(Closing, CancellationToken.None, string.Join(',', databases.Emptied.Select(database => database.Oid)));
            return null;
        }
        catch (PgkeepException failure)
        {
            return $"the emptied databases cannot be closed ({failure.Message}), and a session in one of them ends the whole server: drop them before anybody comes in";
        }
    }
}
