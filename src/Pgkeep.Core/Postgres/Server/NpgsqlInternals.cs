using System.Runtime.CompilerServices;
using Npgsql.Replication;
using NpgsqlTypes;

namespace Pgkeep.Postgres.Server;

/// <summary>
/// What Npgsql's replication session keeps to itself and a receiver must have. Bound by the compiler, so that the native program has it too; a
/// unit test tells when another version of Npgsql has it no longer.
/// </summary>
// Npgsql 10.0.0, src/Npgsql/Replication/ReplicationConnection.cs
internal static class NpgsqlInternals
{
    /// <summary>
    /// The position that Npgsql reports as written. It sets it to the end of the server's WAL with every message, of which most may not have been sent
    /// yet: under <c>synchronous_commit = remote_write</c> a commit would be acknowledged that nobody has received.
    /// </summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_LastReceivedLsn")]
    public static extern void SetWritten(ReplicationConnection connection, NpgsqlLogSequenceNumber position);

    /// <summary>
    /// Null before the server has agreed to stream, and again behind the stream's end. A report that is sent then breaks the protocol, and Npgsql never sends another
    /// one, for it trips over the missing timer before it releases its lock (SendFeedback).
    /// </summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_sendFeedbackTimer")]
    public static extern ref Timer? ReportTimer(ReplicationConnection connection);

    /// <summary>
    /// A command's only row. Npgsql's own TIMELINE_HISTORY wants a bytea, and servers since 15 send a text (walsender.c, SendTimeLineHistory).
    /// </summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "ReadSingleRow")]
    public static extern Task<object[]> ReadRowAsync(ReplicationConnection connection, string command, CancellationToken cancellationToken);
}
