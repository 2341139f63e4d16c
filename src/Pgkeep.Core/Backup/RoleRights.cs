using Pgkeep.Diagnostics;
using Pgkeep.Postgres.Server;

namespace Pgkeep.Backup;

/// <summary>What a role must be given by a superuser, told as the statements that give it.</summary>
internal static class RoleRights
{
    /// <param name="functions">That it must be allowed to call; with the types of its parameters, or all of the name.</param>
    /// <param name="grants">Statements that are known to be missing, with {0} for the role.</param>
    public static async Task RequireAsync(ServerConnection connection, string[] functions, IReadOnlyList<string> grants, CancellationToken cancellationToken)
    {
        // pg_stop_backup without arguments is the exclusive kind's, up to 14.
        var denied = await connection.QueryAsync(
            """
            SELECT oid::regprocedure::text FROM pg_proc
            WHERE pronamespace = 'pg_catalog'::regnamespace
                AND (proname = ANY ($1) AND (pronargs > 0 OR proname = 'pg_switch_wal') OR oid::regprocedure::text = ANY ($1))
                AND NOT has_function_privilege(oid, 'EXECUTE')
            ORDER BY 1
            """,
            row => row.Get<string>(0),
            cancellationToken,
            (object)functions);
        var missing = denied.Count == 0 ? grants : [.. grants, $"GRANT EXECUTE ON FUNCTION {string.Join(", ", denied)} TO {{0}};"];
        if (missing.Count > 0)
        {
            var role = await connection.ScalarAsync<string>("SELECT quote_ident(current_user)", cancellationToken);
            throw new PgkeepException(
                ErrorKind.AccessDenied,
                $"the role \"{role.Trim('"')}\" has not all the rights that this needs",
                $"give them as a superuser, in the database that PGDATABASE names: {string.Join(' ', missing.Select(grant => grant.Replace("{0}", role, StringComparison.Ordinal)))}");
        }
    }
}
