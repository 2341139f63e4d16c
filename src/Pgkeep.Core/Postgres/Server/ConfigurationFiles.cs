namespace Pgkeep.Postgres.Server;

/// <summary>The configuration files that the server reads, as far as it tells the role: the three it starts with, and what they include.</summary>
internal static class ConfigurationFiles
{
    public static async Task<IReadOnlyList<string>> ReadAsync(ServerFacts facts, ServerConnection server, CancellationToken cancellationToken)
    {
        var files = new SortedSet<string>(StringComparer.Ordinal) { facts["config_file"], facts["hba_file"], facts["ident_file"] };
        foreach (var query in await AllowedQueriesAsync(server, cancellationToken))
        {
            files.UnionWith(await server.QueryAsync(query, row => row.Get<string>(0), cancellationToken));
        }

        return [.. files.Where(Path.IsPathRooted)];
    }

    /// <summary>Later versions tell more, and most of it only to a superuser. Asking without the right would leave an error in the server's log.</summary>
    private static Task<IReadOnlyList<string>> AllowedQueriesAsync(ServerConnection server, CancellationToken cancellationToken) => server.QueryAsync(
        """
        SELECT format('SELECT DISTINCT %1$I FROM pg_catalog.%2$I WHERE %1$I IS NOT NULL', a.attname, c.relname)
        FROM (VALUES
            ('pg_settings', 'sourcefile', 'pg_show_all_settings'),
            ('pg_file_settings', 'sourcefile', 'pg_show_all_file_settings'),
            ('pg_hba_file_rules', 'file_name', 'pg_hba_file_rules'),
            ('pg_ident_file_mappings', 'file_name', 'pg_ident_file_mappings')) AS known (relation, attribute, function)
        JOIN pg_class c ON c.relnamespace = 'pg_catalog'::regnamespace AND c.relname = relation
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = attribute
        JOIN pg_proc p ON p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = function
        WHERE has_table_privilege(c.oid, 'SELECT') AND has_function_privilege(p.oid, 'EXECUTE')
        """,
        row => row.Get<string>(0),
        cancellationToken);
}
