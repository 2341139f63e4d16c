using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Changes;

namespace Pgkeep.Restore.Databases;

/// <summary>
/// Looks for databases that were made of an emptied one by copying its files, which the recovery repeats: CREATE DATABASE up to PostgreSQL 14, and later with STRATEGY FILE_COPY. They would be
/// empty without anybody having said so.
/// </summary>
internal sealed class CopiedDatabases : IWalRecordVisitor
{
    private readonly DatabaseChoice _databases;
    private readonly Lsn _from;
    private readonly Lsn? _until;
    private readonly WalRecordBody _body = new();

    private CopiedDatabases(DatabaseChoice databases, Lsn from, Lsn? until) => (_databases, _from, _until) = (databases, from, until);

    /// <summary>The first that was found; null where there is none.</summary>
    private PgkeepException? Problem { get; set; }

    /// <param name="from">Where the recovery begins.</param>
    /// <param name="until">Where it ends; null for the end of the WAL.</param>
    /// <param name="segment">Number of the first segment that has to be looked through.</param>
    /// <exception cref="PgkeepException">There is one.</exception>
    public static async ValueTask RequireNoneAsync(DatabaseChoice databases, RecoveryEndFinder wal, Lsn from, Lsn? until, ulong segment, CancellationToken cancellationToken)
    {
        if (databases.Emptied.Count == 0)
        {
            return;
        }

        var search = new CopiedDatabases(databases, from, until);
        await wal.VisitAsync(search, segment, cancellationToken);
        if (search.Problem is { } problem)
        {
            throw problem;
        }
    }

    public bool Visit(in WalRecord record)
    {
        if (record.Start < _from)
        {
            return true;
        }

        if (record.Start >= _until)
        {
            return false;
        }

        if (record.Header.Manager != WalManagers.Database || !_body.TryDecode(record, out _)
            || !DatabaseChange.TryRead(record, _body, out var change) || change.Operation != DatabaseOperation.Copy || change.IsMove
            || !_databases.IsEmptied(change.SourceDatabase.Value))
        {
            return true;
        }

        var source = change.SourceDatabase.Value;
        var name = _databases.Emptied.FirstOrDefault(database => database.Oid == source)?.Name;
        Problem = new PgkeepException(
            ErrorKind.Usage,
            $"the database with the OID {change.Database} was made at {record.Start} as a copy of {(name is null ? $"the one with the OID {source}" : $"\"{name}\"")}, and would be as empty as that",
            name is null ? "nothing was changed; restore all of it, without --only-database" : $"nothing was changed; take it along: --only-database {name}; or end before that: --target-lsn {record.Start} --target-exclusive");
        return false;
    }
}
