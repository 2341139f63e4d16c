using Npgsql.Replication;
using NpgsqlTypes;
using Pgkeep.Postgres.Server;
using Xunit;

namespace Pgkeep.Tests.Postgres.Server;

/// <summary>Fails with a version of Npgsql that has these no longer.</summary>
public sealed class NpgsqlInternalsTests
{
    [Fact]
    public async Task What_is_reported_as_written_can_be_set()
    {
        await using var connection = new PhysicalReplicationConnection();

        NpgsqlInternals.SetWritten(connection, new NpgsqlLogSequenceNumber(0x16B3748));

        Assert.Equal(new NpgsqlLogSequenceNumber(0x16B3748), connection.LastReceivedLsn);
    }

    [Fact]
    public async Task A_session_that_does_not_stream_has_no_timer()
    {
        await using var connection = new PhysicalReplicationConnection();

        Assert.Null(NpgsqlInternals.ReportTimer(connection));
    }

    [Fact]
    public async Task A_commands_row_can_be_asked_for()
    {
        var connection = new PhysicalReplicationConnection();
        await connection.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => NpgsqlInternals.ReadRowAsync(connection, "IDENTIFY_SYSTEM", TestContext.Current.CancellationToken));
    }
}
