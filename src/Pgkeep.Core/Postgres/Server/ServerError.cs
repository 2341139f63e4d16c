using Npgsql;
using Pgkeep.Diagnostics;

namespace Pgkeep.Postgres.Server;

/// <summary>What Npgsql and the server say, as a failure that a person can act on. The server's own exception stays inside.</summary>
internal static class ServerError
{
    public static PgkeepException WhileConnecting(Exception thrown, ConnectionSettings settings) => thrown switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification or PostgresErrorCodes.InsufficientPrivilege } refused =>
            new(ErrorKind.LoginRefused, $"the server refused the login as {settings}: {refused.MessageText}", refused, "check PGUSER and PGPASSWORD in backup.env, and pg_hba.conf"),
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } missing =>
            new(ErrorKind.LoginRefused, $"cannot connect as {settings}: {missing.MessageText}", missing, "check PGDATABASE"),
        PostgresException said => new(ErrorKind.ServerUnreachable, $"cannot connect as {settings}: {said.MessageText}", said),
        NpgsqlException when thrown.Message.StartsWith("No password", StringComparison.Ordinal) =>
            new(ErrorKind.LoginRefused, $"the server wants a password for {settings}, and there is none", thrown, "set PGPASSWORD in backup.env, or use a password file (PGPASSFILE)"),
        _ => new(
            ErrorKind.ServerUnreachable,
            $"cannot connect as {settings}: {InnerMost(thrown).Message}",
            thrown,
            "is the server running, and are PGHOST and PGPORT right? pgkeep config show tells where each value comes from"),
    };

    public static PgkeepException From(Exception thrown, string sql) => thrown switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } denied =>
            new(ErrorKind.AccessDenied, $"the server refused \"{sql}\": {denied.MessageText}", denied, "connect as a superuser, or grant the role what docs/postgres.md lists"),
        // A standby ends what is in the way of its replay (src/backend/tcop/postgres.c, ProcessRecoveryConflictInterrupt).
        PostgresException { SqlState: PostgresErrorCodes.SerializationFailure } conflict =>
            new(ErrorKind.ServerUnsuitable, $"the standby broke off \"{sql}\": {conflict.MessageText}", conflict, "try again, or raise max_standby_streaming_delay and max_standby_archive_delay on the standby"),
        PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.DatabaseDropped } ended =>
            new(ErrorKind.ServerUnreachable, $"the server ended the session during \"{sql}\": {ended.MessageText}", ended),
        PostgresException said => new(ErrorKind.ServerUnsuitable, $"the server refused \"{sql}\": {said.MessageText}", said),
        _ => new(ErrorKind.ServerUnreachable, $"the connection to the server broke during \"{sql}\": {InnerMost(thrown).Message}", thrown),
    };

    public static Exception InnerMost(Exception thrown) => thrown.InnerException is { } inner ? InnerMost(inner) : thrown;
}
