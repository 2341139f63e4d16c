using System.Globalization;
using Npgsql;
using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Restore.Targets;

/// <summary>Writes transactions, one row each with the transaction's label, and keeps a log of what was committed where and when.</summary>
internal sealed class TargetWriter
{
    /// <summary>A commit without subtransactions or invalidations has 40 bytes, and a page's header 24; what a server writes by itself has 48 at least.</summary>
    private const ulong CommitLength = 64;

    private const int Attempts = 20;

    private readonly Dictionary<string, WrittenTransaction> _log = [];

    /// <summary>Of the server that is written on.</summary>
    public TargetState State { get; set; } = TargetState.Empty;

    public WrittenTransaction this[string label] => _log[label];

    /// <summary>A transaction with one row. Where something else got between it and its commit, another one like it has the label.</summary>
    public async Task CommitAsync(PostgresCluster server, string label, string table = "t")
    {
        for (var attempt = 1; ; attempt++)
        {
            var row = attempt == 1 ? label : $"{label}~{attempt}";
            await using var open = await BeginAsync(server, row, table);
            await open.CommitAsync(label);
            if (_log[label].Record is not null)
            {
                return;
            }

            Assert.True(attempt < Attempts, $"{label}: the server writes by itself between any two statements");
        }
    }

    /// <summary>Begins one and writes its row.</summary>
    public async Task<OpenTransaction> BeginAsync(PostgresCluster server, string row, string table = "t")
    {
        var open = new OpenTransaction(this, await server.ConnectAsync(), row, table);
        await open.ExecuteAsync("BEGIN");
        await open.ExecuteAsync($"INSERT INTO {table} VALUES ('{row}')");
        open.Xid = ulong.Parse(await open.ScalarAsync("SELECT pg_current_xact_id()::text"), CultureInfo.InvariantCulture);
        return open;
    }

    /// <summary>Ends one that was prepared.</summary>
    public async Task CommitPreparedAsync(PostgresCluster server, OpenTransaction prepared, string label)
    {
        await using var session = new OpenTransaction(this, await server.ConnectAsync(), prepared.Row, "t") { Xid = prepared.Xid };
        await session.EndAsync(label, $"COMMIT PREPARED '{prepared.Row}'", State with { Rows = State.Rows.Add(prepared.Row), Prepared = State.Prepared.Remove(prepared.Row) });
    }

    private static ulong Parse(string position)
    {
        var halves = position.Split('/').Select(half => ulong.Parse(half, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToList();
        return (halves[0] << 32) | halves[1];
    }

    /// <summary>One on a session of its own, which ends when this is disposed of.</summary>
    internal sealed class OpenTransaction(TargetWriter writer, NpgsqlConnection connection, string row, string table) : IAsyncDisposable
    {
        public string Row => row;

        /// <summary>With its epoch.</summary>
        public ulong Xid { get; set; }

        /// <param name="makesFar">Whether it also creates the table in the tablespace.</param>
        public Task CommitAsync(string label, bool makesFar = false, params string[] alsoRows)
        {
            var state = writer.State;
            var after = table == "far"
                ? state with { Far = state.Far!.Add(row) }
                : state with { Rows = state.Rows.Add(row).Union(alsoRows), Far = makesFar ? [] : state.Far };
            return EndAsync(label, "COMMIT", after);
        }

        public Task AbortAsync(string label) => EndAsync(label, "ROLLBACK", writer.State);

        /// <summary>It is left prepared, under the name of its row.</summary>
        public async Task PrepareAsync()
        {
            await ExecuteAsync($"PREPARE TRANSACTION '{row}'");
            writer.State = writer.State with { Prepared = writer.State.Prepared.Add(row) };
        }

        public async Task EndAsync(string label, string statement, TargetState after)
        {
            var record = await ScalarAsync("SELECT pg_current_wal_insert_lsn()::text");
            await ExecuteAsync(statement);
            var behind = await ScalarAsync("SELECT pg_current_wal_insert_lsn()::text");
            var time = await ScalarAsync($"SELECT coalesce(to_char(pg_xact_commit_timestamp('{(uint)Xid}'::xid) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '')");
            writer._log[label] = new WrittenTransaction(
                label,
                Xid,
                Parse(behind) - Parse(record) <= CommitLength ? record : null,
                behind,
                time.Length == 0 ? null : DateTime.Parse(time, CultureInfo.InvariantCulture),
                writer.State,
                after);
            writer.State = after;
            // Room for a moment between two transactions.
            await ExecuteAsync("SELECT pg_sleep(0.01)");
        }

        public async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        public async Task<string> ScalarAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            return (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
        }

        public ValueTask DisposeAsync() => connection.DisposeAsync();
    }
}
