using System.Text;
using Pgkeep.Diagnostics;

namespace Pgkeep.Postgres.Server;

/// <summary>A named position in the WAL, which <c>recovery_target_name</c> leads to.</summary>
/// <param name="Time">By the server's clock.</param>
/// <param name="Segment">The last one that a recovery to this point reads.</param>
internal sealed record RestorePoint(string Name, Lsn Position, DateTimeOffset Time, string Segment)
{
    /// <summary>MAXFNAMELEN less the end of the string (src/include/access/xlog_internal.h).</summary>
    private const int LongestName = 63;

    /// <summary>As the server checks it; an empty name it takes, and then nothing can lead there.</summary>
    public static void CheckName(string name)
    {
        var length = Encoding.UTF8.GetByteCount(name);
        if (length is 0 or > LongestName)
        {
            throw new PgkeepException(
                ErrorKind.Usage,
                length == 0 ? "a restore point needs a name" : $"the name of the restore point has {length} bytes, and the server takes {LongestName} at most",
                "choose a short name that says what comes next: before-import");
        }
    }

    /// <summary>Writes it, and ends its segment so that it is archived now.</summary>
    public static async Task<RestorePoint> CreateAsync(ServerConnection server, string name, CancellationToken cancellationToken)
    {
        var created = await server.QueryAsync(
            "SELECT p::text, clock_timestamp(), pg_walfile_name(p) FROM (SELECT pg_create_restore_point($1) AS p OFFSET 0) AS created",
            row => new RestorePoint(name, ServerWal.LsnOf(row.Get<string>(0)), ServerFacts.TimeOf(row, 1), row.Get<string>(2)),
            cancellationToken,
            name);
        await ServerWal.SwitchAsync(server, cancellationToken);
        return created[0];
    }
}
