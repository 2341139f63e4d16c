using Pgkeep.Diagnostics;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Restore;

/// <summary>Undoes the last restore of a data directory.</summary>
internal sealed class RestoreRollback
{
    private readonly RestoreJournal _journal;

    private RestoreRollback(RestoreJournal journal) => _journal = journal;

    /// <summary>What comes back.</summary>
    public IEnumerable<RestoredPlace> Places => _journal.Places.Where(place => place.HadContent);

    public static RestoreRollback Plan(string dataDirectory)
    {
        if (PostmasterFile.OfRunning(dataDirectory) is { } running)
        {
            throw new PgkeepException(ErrorKind.ServerRunning, $"a server is running on \"{dataDirectory}\" (process {running.ProcessId})", "stop it first");
        }

        return RestoreJournal.Find(dataDirectory) is { } journal
            ? new RestoreRollback(journal)
            : throw new PgkeepException(ErrorKind.Usage, $"no restore of \"{dataDirectory}\" can be undone: there is no journal beside it");
    }

    /// <returns>Where what the restore wrote is kept.</returns>
    public IReadOnlyList<string> Run() => OldCluster.PutBack(_journal, discard: false);
}
