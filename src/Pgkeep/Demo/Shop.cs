using System.Globalization;
using Pgkeep.Postgres.Server;

namespace Pgkeep.Demo;

/// <summary>A small shop with customers and orders. Its rows follow from their numbers alone, so every demo has the same ones.</summary>
internal static class Shop
{
    public const string DatabaseName = "shop";
    public const int Customers = 5_000;
    public const int FirstOrders = 100_000;

    private const string Tables =
        """
        CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, email text NOT NULL, since date NOT NULL);
        CREATE TABLE orders (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id integer NOT NULL, ordered_at timestamptz NOT NULL,
            amount numeric(10, 2) NOT NULL, note text NOT NULL)
        """;

    private const string FillCustomers =
        """
        INSERT INTO customers SELECT n, 'Customer ' || n, md5(n::text) || '@example.com', date '2020-01-01' + n % 1800
        FROM generate_series(1, $1) AS n
        """;

    private const string FillOrders =
        """
        INSERT INTO orders (customer_id, ordered_at, amount, note)
        SELECT 1 + n * 7919 % 5000, timestamptz '2025-01-08 08:00:00+00' + n * interval '250 ms', n * 104729 % 50000 / 100.0, 'order ' || md5(n::text)
        FROM generate_series($1, $1 + $2 - 1) AS n
        """;

    public static Task CreateDatabaseAsync(ServerConnection session, CancellationToken cancellationToken) =>
        session.ExecuteAsync($"CREATE DATABASE {DatabaseName}", cancellationToken);

    public static async Task OpenAsync(ServerConnection session, CancellationToken cancellationToken)
    {
        await session.ExecuteAsync(Tables, cancellationToken);
        await session.ExecuteAsync(FillCustomers, cancellationToken, Customers);
        await TakeOrdersAsync(session, 1, FirstOrders, cancellationToken);
        await session.ExecuteAsync("ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers", cancellationToken);
    }

    /// <summary>One transaction.</summary>
    /// <param name="first">Number of the first order.</param>
    public static Task TakeOrdersAsync(ServerConnection session, int first, int count, CancellationToken cancellationToken) =>
        session.ExecuteAsync(FillOrders, cancellationToken, (long)first, (long)count);

    /// <summary>The number of orders that are lost.</summary>
    public static async Task<long> SufferAccidentAsync(ServerConnection session, CancellationToken cancellationToken)
    {
        var deleted = await session.ScalarAsync<long>(
            "WITH gone AS (DELETE FROM orders WHERE customer_id % 2 = 0 RETURNING 1) SELECT count(*) FROM gone", cancellationToken);
        await session.ExecuteAsync("DROP TABLE customers CASCADE", cancellationToken);
        return deleted;
    }

    /// <summary>Of every table there is, so that one too many is noticed as well.</summary>
    public static async Task<ShopState> ReadStateAsync(ServerConnection session, CancellationToken cancellationToken)
    {
        var names = await session.QueryAsync(
            "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname",
            row => row.Get<string>(0),
            cancellationToken);
        var tables = new List<TableState>();
        foreach (var name in names)
        {
            var state = await session.QueryAsync(
                $"SELECT count(*), coalesce(md5(string_agg(row::text, E'\\n' ORDER BY id)), '') FROM {name} AS row",
                row => new TableState(name, row.Get<long>(0), row.Get<string>(1)),
                cancellationToken);
            tables.Add(state[0]);
        }

        return new ShopState(tables);
    }

    public static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
