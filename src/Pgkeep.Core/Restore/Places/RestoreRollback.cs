using Pgkeep.Diagnostics;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Restore.InPlace;

namespace Pgkeep.Restore.Places;

/// <summary>Undoes the last restore of a data directory, one that is over or one that was broken off.</summary>
internal sealed class RestoreRollback
{
    private readonly string _dataDirectory;
    private readonly RestoreJournal? _journal;
    private readonly InPlaceJournal? _begun;
    private readonly bool _stopServer;

    private RestoreRollback(RestoreJournal journal, bool stopServer)
    {
        _dataDirectory = journal.DataDirectory;
        _journal = journal;
        _stopServer = stopServer;
    }

    private RestoreRollback(InPlaceJournal begun) => (_dataDirectory, _begun) = (begun.DataDirectory, begun);

    /// <summary>When the restore began that is undone.</summary>
    public DateTimeOffset Started => _begun?.Started ?? _journal!.Started;

    /// <summary>What comes back.</summary>
    public IEnumerable<RestoredPlace> Places => _journal?.Places.Where(place => place.IsAside || place.IsMoving) ?? [];

    public static RestoreRollback Plan(string dataDirectory, bool stopServer)
    {
        ClusterHold.RequireFree(dataDirectory, RestoreJournal.Find(dataDirectory));
        RequireNoServer(dataDirectory, stopServer);
        RequireNotForgotten(dataDirectory);
        if (InPlaceJournal.Find(dataDirectory) is { } begun)
        {
            return !begun.IsWriting ? new RestoreRollback(begun) : throw new PgkeepException(
                ErrorKind.Usage,
                $"the restore of \"{dataDirectory}\" was begun in place at {begun.Started:yyyy-MM-dd HH:mm:ss zzz}, and cannot be undone",
                "nothing was changed; run the restore again, which goes on: pgkeep restore --delta --in-place",
                "or without these two options, which moves aside what is left and copies all of the backup: pgkeep restore");
        }

        var journal = RestoreJournal.Find(dataDirectory)
            ?? throw new PgkeepException(ErrorKind.Usage, $"no restore of \"{dataDirectory}\" can be undone: there is no journal beside it");
        if (journal is { State: RestoreState.Aside, IsOver: true } && journal.Places.FirstOrDefault(place => place.HadContent && !place.IsAside && !place.IsMoving) is { } gone)
        {
            throw new PgkeepException(
                ErrorKind.Usage,
                $"the restore cannot be undone: \"{gone.Aside}\" is not there any more",
                "nothing was changed; where its disk is not mounted, mount it, and repeat the command",
                $"where somebody has removed the old cluster on purpose: pgkeep restore forget {journal.Id} --pgdata {dataDirectory}");
        }

        return new RestoreRollback(journal, stopServer);
    }

    /// <returns>Where what the restore wrote is kept.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(TimeProvider time)
    {
        using var hold = ClusterHold.Take(_dataDirectory, _journal);
        if (InPlaceJournal.Find(_dataDirectory)?.IsWriting != _begun?.IsWriting || (_begun is null && RestoreJournal.Find(_dataDirectory)?.Path != _journal!.Path))
        {
            throw ClusterHold.Changed(_dataDirectory);
        }

        if (_journal is null)
        {
            // Nothing was changed yet but the control file's name.
            _begun!.PutBack();
            return [];
        }

        RequireNoServer(_dataDirectory, _stopServer);
        if (PostmasterFile.OfRunning(_dataDirectory) is { } running)
        {
            await ServerSignals.StopAsync(running, _dataDirectory, immediate: RecoveryServer.IsOne(running), time);
        }

        return OldCluster.PutBack(_journal, discard: _journal.IsPartialCopy);
    }

    /// <summary>A recovery server that outlived a killed restore is ours to end; nobody else can even reach it.</summary>
    private static void RequireNoServer(string dataDirectory, bool stopServer)
    {
        if (PostmasterFile.OfRunning(dataDirectory) is { } running && !stopServer && !RecoveryServer.IsOne(running))
        {
            throw new PgkeepException(
                ErrorKind.ServerRunning, $"a server is running on \"{dataDirectory}\" (process {running.ProcessId})", "stop it, or let the rollback do it: --stop-server");
        }
    }

    /// <summary>Half of an old cluster is none, and the restore before it is not the one that a person means by "the last".</summary>
    private static void RequireNotForgotten(string dataDirectory)
    {
        var newest = JournalFiles.Of(dataDirectory).Where(journal => !journal.IsOfUndone).MaxBy(journal => journal.Started);
        if (newest is { State: RestoreState.Forgetting })
        {
            throw new PgkeepException(
                ErrorKind.Usage,
                $"the restore {newest.Id} cannot be undone: its old cluster was being removed when pgkeep restore forget was broken off",
                $"nothing was changed; remove what is left of it: pgkeep restore forget {newest.Id} --pgdata {dataDirectory}");
        }
    }
}
