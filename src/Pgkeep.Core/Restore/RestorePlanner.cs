using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;
using Pgkeep.Restore.Databases;
using Pgkeep.Restore.Host;
using Pgkeep.Restore.InPlace;
using Pgkeep.Restore.Places;
using Pgkeep.Storage.Local;
using Pgkeep.Verify;

namespace Pgkeep.Restore;

/// <summary>Makes the plan of a restore, or says why there is none. Reads only.</summary>
internal sealed class RestorePlanner
{
    private static readonly string[] KnownNames = ["PG_VERSION", "global", "base", "pg_wal"];

    private readonly RestoreSettings _settings;
    private readonly ArchiveStores _stores;
    private readonly BackupCatalogue _catalogue;
    private DatabaseChoice? _databases;
    private ulong _copiesFrom;

    public RestorePlanner(RestoreSettings settings)
    {
        _settings = settings;
        _stores = ArchiveStores.Of(settings.Layout);
        _catalogue = new BackupCatalogue(new LocalStorage(settings.Layout.BackupDirectory), settings.Layout);
    }

    public async Task<RestorePlan> MakeAsync(CancellationToken cancellationToken)
    {
        var (choice, metadata, version) = await ChooseAsync(cancellationToken);
        var backup = choice.Backup;
        var dataDirectory = FileSystem.Resolve(_settings.DataDirectory ?? KnownDataDirectory(metadata));
        var tablespaces = TablespacePlaces.Of(metadata, _settings.Moves, tablespace => tablespace.Location);
        var newest = RestoreJournal.Find(dataDirectory);
        ClusterHold.RequireFree(dataDirectory, newest);
        var broken = RestoreJournal.FindBrokenOff(dataDirectory);
        CheckPlaces(dataDirectory, tablespaces, broken);
        var begun = InPlaceJournal.Find(dataDirectory);
        var old = InspectOld(broken?.OldDataDirectoryNow ?? dataDirectory, metadata);
        var reuse = ReuseChoice.Make(_settings, old, dataDirectory, tablespaces.Select(tablespace => tablespace.Location));
        _databases = ChooseDatabases(backup, cancellationToken);
        var running = RequireStoppable(dataDirectory, isBrokenOff: broken is not null || begun is not null);
        var places = reuse == FileReuse.InPlace ? OldPlaces.None
            : broken is null ? OldPlaces.Find(dataDirectory, old is not null, metadata, tablespaces, _settings.Layout)
            : OldPlaces.Of(broken);
        RequireAlone(dataDirectory, tablespaces, metadata);
        CheckConfiguration(metadata, backup.Directory);
        var account = OwnerOf(dataDirectory, old);
        // The server's programs take their time, and the WAL is proven meanwhile.
        var finding = FindProgramsAsync(metadata.Cluster, account, cancellationToken);
        var wal = await ProveWalAsync(metadata, dataDirectory, begun is { IsWriting: true } ? begun.OldWal : old, choice.Known, isForPlan: true, cancellationToken);
        _copiesFrom = wal.Chain.Last.Number(new WalSegmentSize(metadata.Cluster.WalSegmentSize));
        var fetching = wal.HasArchive ? FetchProbe.RequireAsync(_settings, account, cancellationToken) : Task.CompletedTask;
        var kept = KeptBeside(dataDirectory);
        var space = RestoreSpace.Of(BackupContent.Of(backup), metadata, dataDirectory, tablespaces, places, wal, OldSize.FreedBy(reuse, old, tablespaces, broken));
        await Task.WhenAll(finding, fetching);
        var programs = await finding;
        var limits = await LimitProof.RequireEnoughAsync(metadata.Cluster, programs, account, _settings.IsLeft || _settings.Action == RecoveryTargetAction.Pause, cancellationToken);
        if (!_settings.IsLeft)
        {
            await PortProof.RequireFreeAsync(metadata.Cluster, running, programs, account, cancellationToken);
        }

        if (reuse != FileReuse.Clone)
        {
            // Of clones nobody can tell beforehand: they take what differs, and a full disk puts the old cluster back.
            space.Require(dataDirectory, kept);
        }

        // Into an empty place it can be found as well while it is unpacked, when every frame is checked: nothing is lost by that.
        if (old is not null || running is not null || _settings.IsProof)
        {
            await RequireSoundAsync(backup, cancellationToken);
        }

        return new RestorePlan
        {
            Backup = backup,
            Metadata = metadata,
            IsBackupChosenByTarget = _settings.Backup is null,
            BrokenOff = broken,
            NewestJournal = newest?.Path,
            Target = _settings.Target,
            Wal = wal,
            DataDirectory = dataDirectory,
            Tablespaces = tablespaces,
            OldDataDirectory = old,
            Places = places,
            Kept = kept,
            Space = space,
            Running = running,
            Account = account,
            Programs = programs,
            Control = await ServerControl.FindAsync(dataDirectory, programs, account, _settings.Service, running, cancellationToken),
            Reuse = reuse,
            Begun = begun,
            Databases = _databases,
            Version = version,
            ConfigurationOptions = ConfigurationOptions(dataDirectory, metadata.Cluster),
            HostWarnings = [.. HostWarnings.For(metadata.Cluster, programs), .. limits, .. RescuedWal.WarningOf(_settings.OldWal, wal) is { } unused ? [unused] : Array.Empty<string>()],
        };
    }

    /// <summary>PostgreSQL's own, which can read the backup's files.</summary>
    public async Task<ServerPrograms> FindProgramsAsync(ClusterMetadata cluster, Account account, CancellationToken cancellationToken)
    {
        var programs = await ServerPrograms.FindAsync(cluster.PostgresqlMajor, _settings.BinDirectory, cluster.BinDirectory, account, cancellationToken);
        if (_settings.RunsAmcheck)
        {
            Amcheck.Require(programs);
        }

        await ProgramProof.RequireFitAsync(cluster, programs, account, cancellationToken);
        return programs;
    }

    private static IReadOnlyList<KeptData> KeptBeside(string dataDirectory)
    {
        try
        {
            return [.. KeptData.Of(dataDirectory).Where(one => !one.Journal.IsBrokenOff)];
        }
        catch (PgkeepException)
        {
            // What cannot be read there is no reason not to restore.
            return [];
        }
    }

    /// <summary>The backup, for whatever is to be made of it.</summary>
    public async Task<(ChosenBackup Choice, BackupMetadata Metadata, PostgresVersion Version)> ChooseAsync(CancellationToken cancellationToken)
    {
        var identity = await RepositoryMarker.RequireAsync(_stores.Marked[0], cancellationToken);
        var choice = await new BackupChoice(_settings, _stores, _catalogue, identity).MakeAsync(cancellationToken);
        var (metadata, _) = choice.Backup.RequireUsable();
        if (metadata.Cluster.SystemIdentifier != identity.SystemIdentifier)
        {
            throw new PgkeepException(ErrorKind.RepositoryMismatch, $"\"{choice.Backup.Directory}\" is of the cluster {metadata.Cluster.SystemIdentifier}, and the archive of {identity.SystemIdentifier}");
        }

        metadata.Codec.RequireUsable();
        choice.CheckTarget(_settings.Target);
        var version = PostgresVersion.TryGet(metadata.Cluster.PostgresqlMajor, out var row) ? row : throw new PgkeepException(
            ErrorKind.ServerUnsuitable, $"{choice.Backup.Name} is of PostgreSQL {metadata.Cluster.PostgresqlMajor}, which this pgkeep does not know", "use a newer pgkeep");
        return (choice, metadata, version);
    }

    /// <summary>For the plan, and again after the server has stopped: its last segments are in the archive now, or still in its pg_wal.</summary>
    /// <param name="known">Where the target was found before; null where it was not looked for yet.</param>
    public async ValueTask<RestoreWal> ProveWalAsync(BackupMetadata metadata, string dataDirectory, string? old, Lsn? known, bool isForPlan, CancellationToken cancellationToken)
    {
        var identity = new RepositoryIdentity(metadata.Cluster.SystemIdentifier, metadata.Cluster.PostgresqlMajor, new WalSegmentSize(metadata.Cluster.WalSegmentSize));
        var sources = _settings.IsBeside
            ? await WalSources.GatherBesideAsync(_stores.Archive, identity, metadata, cancellationToken)
            : await WalSources.GatherAsync(_stores.Archive, identity, dataDirectory, old, _settings.OldWal, cancellationToken);
        var prover = new WalProver(_stores.Archive, metadata, sources, _settings.Target, _settings.Timeline) { Databases = _databases, CopiesFrom = _copiesFrom };
        return await prover.ProveAsync(known, isForPlan, cancellationToken);
    }

    /// <summary>All WAL of an old cluster that the archive does not have, whether a recovery is given it or not.</summary>
    public async ValueTask<IReadOnlyList<UnarchivedFile>> FindUnarchivedAsync(string dataDirectory, CancellationToken cancellationToken) =>
        UnarchivedWal.Of(OldWal.FolderOf(dataDirectory), await _stores.Archive.ListAsync(cancellationToken));

    private DatabaseChoice? ChooseDatabases(StoredBackup backup, CancellationToken cancellationToken)
    {
        if (_settings.OnlyDatabases.Count == 0)
        {
            return null;
        }

        // What the server says while it recovers has to be read, and the emptied databases have to be closed before anybody comes in.
        return _settings is { IsLeft: false, Action: RecoveryTargetAction.Promote }
            ? DatabaseChoice.Make(_settings.OnlyDatabases, backup, cancellationToken)
            : throw new PgkeepException(
                ErrorKind.Usage,
                $"--only-database and {(_settings.IsLeft ? "--no-start" : "--target-action")} cannot go together: the empty databases must be closed before anybody uses the server",
                "nothing was changed; leave the second out, and stop the server when the restore is over");
    }

    private PostmasterFile? RequireStoppable(string dataDirectory, bool isBrokenOff)
    {
        var running = PostmasterFile.OfRunning(dataDirectory);
        if (running is null || (isBrokenOff && RecoveryServer.IsOne(running)))
        {
            return null;
        }

        return _settings.StopServer || _settings.Service.Stop is not null
            ? running
            : throw new PgkeepException(
                ErrorKind.ServerRunning,
                $"a server is running on \"{dataDirectory}\" (process {running.ProcessId})",
                "stop it, or let the restore do it: --stop-server");
    }

    /// <summary>Right before the old cluster moves: somebody may have started it since the plan was made.</summary>
    public static void RequireStopped(string dataDirectory)
    {
        if (PostmasterFile.OfRunning(dataDirectory) is { } running)
        {
            throw new PgkeepException(ErrorKind.ServerRunning, $"a server was started on \"{dataDirectory}\" meanwhile (process {running.ProcessId})", "see what starts it, and stop that first");
        }
    }

    /// <param name="broken">What it has written is removed first; null where no restore was broken off.</param>
    private void CheckPlaces(string dataDirectory, IReadOnlyList<TablespacePlace> tablespaces, RestoreJournal? broken)
    {
        foreach (var moved in tablespaces.Where(tablespace => tablespace.IsMoved))
        {
            NewPlace.Require(moved.Location, tablespaces.Where(other => other != moved).Select(other => other.Location).Append(dataDirectory), _settings.Layout, IsOfBrokenOff);
        }

        bool IsOfBrokenOff(string location) => Directory.EnumerateFileSystemEntries(location).All(entry => broken?.Places.Any(place => place.Path == entry && place.IsWritten) == true);

        foreach (var directory in tablespaces.Select(tablespace => tablespace.Location).Prepend(dataDirectory))
        {
            if (_settings.Layout.OverlapWith(directory) is { } own)
            {
                throw new PgkeepException(
                    ErrorKind.Configuration,
                    $"the repository's \"{own}\" and \"{directory}\" lie one inside the other",
                    "a restore would move the repository away: nothing was changed; copy it to a place of its own first");
            }
        }
    }

    /// <summary>What is at the data directory now; null where nothing has to be moved aside.</summary>
    private static string? InspectOld(string dataDirectory, BackupMetadata metadata)
    {
        switch (FileStatus.OfTarget(dataDirectory))
        {
            case null:
                return null;
            case { Type: not FileType.Directory }:
                throw new PgkeepException(ErrorKind.Configuration, $"\"{dataDirectory}\" is not a directory");
        }

        if (!RestoredPlace.HasEntries(dataDirectory))
        {
            return null;
        }

        // One that is half gone is a reason to restore.
        if (!KnownNames.Any(name => FileStatus.Of(Path.Combine(dataDirectory, name)) is not null))
        {
            throw new PgkeepException(
                ErrorKind.Configuration, $"\"{dataDirectory}\" is not empty, and not a PostgreSQL data directory", "nothing was changed; name the right one with --pgdata");
        }

        // A directory whose pg_control is lost is a reason to restore, so only one that is read and differs is refused.
        if (ControlFileReader.TryRead(dataDirectory) is { } control
            && control.SystemIdentifier != metadata.Cluster.SystemIdentifier)
        {
            throw new PgkeepException(
                ErrorKind.RepositoryMismatch,
                $"\"{dataDirectory}\" belongs to the cluster {control.SystemIdentifier}, and the backup is of {metadata.Cluster.SystemIdentifier}",
                "nothing was changed; name the right data directory with --pgdata");
        }

        return dataDirectory;
    }

    /// <summary>Where the backup's server had it; where that server did not tell, Debian's cluster of that identifier.</summary>
    private static string KnownDataDirectory(BackupMetadata metadata) =>
        metadata.Cluster.DataDirectory is { Length: > 0 } directory ? directory
        : DebianCluster.DataDirectories().FirstOrDefault(path => ControlFileReader.TryRead(path)?.SystemIdentifier == metadata.Cluster.SystemIdentifier)
        ?? throw new PgkeepException(ErrorKind.Configuration, $"the server did not tell where \"{metadata.Name}\" lay", "say where to restore it with --pgdata");

    /// <summary>
    /// The same cluster in another place shares its tablespaces and its archive with the first: restored beside it, it would take the one and write
    /// into the other.
    /// </summary>
    private static void RequireAlone(string dataDirectory, IReadOnlyList<TablespacePlace> tablespaces, BackupMetadata metadata)
    {
        var original = metadata.Cluster.DataDirectory.Length == 0 ? dataDirectory : FileSystem.Resolve(metadata.Cluster.DataDirectory);
        if (original == dataDirectory || ControlFileReader.TryRead(original)?.SystemIdentifier != metadata.Cluster.SystemIdentifier)
        {
            return;
        }

        if (PostmasterFile.OfRunning(original) is { } running)
        {
            throw new PgkeepException(
                ErrorKind.ServerRunning,
                $"the cluster's own server is running on \"{original}\" (process {running.ProcessId}), and a second one would archive into the same repository",
                $"for a copy beside it, which archives nothing: --to {dataDirectory}",
                $"to have this one in its place, stop it first, or restore over it: --pgdata {original} --stop-server");
        }

        if (tablespaces.FirstOrDefault(tablespace => !tablespace.IsMoved) is { } shared)
        {
            throw new PgkeepException(
                ErrorKind.Configuration,
                $"the tablespace \"{shared.Location}\" belongs to the cluster in \"{original}\", and a restore into \"{dataDirectory}\" would take it away",
                $"for a copy beside that cluster: --to {dataDirectory}; or give the tablespace another place: --tablespace {shared.Oid}=DIR",
                $"or restore over that cluster, which is kept: --pgdata {original}; or move \"{original}\" away first");
        }
    }

    /// <summary>A configuration outside the data directory is named; a data_directory in it must not lead elsewhere.</summary>
    private static List<string> ConfigurationOptions(string dataDirectory, ClusterMetadata cluster)
    {
        var options = new List<string> { "-c", $"data_directory={dataDirectory}" };
        foreach (var (name, path) in new[] { ("config_file", cluster.ConfigFile), ("hba_file", cluster.HbaFile), ("ident_file", cluster.IdentFile) })
        {
            if (path is not null)
            {
                options.AddRange(["-c", $"{name}={path}"]);
            }
        }

        return options;
    }

    private static void CheckConfiguration(BackupMetadata metadata, string backup)
    {
        foreach (var path in new[] { metadata.Cluster.ConfigFile, metadata.Cluster.HbaFile, metadata.Cluster.IdentFile }.OfType<string>())
        {
            if (!File.Exists(path))
            {
                throw metadata.ConfigurationFiles.Contains(path) ? InBackup(path, Path.Combine(backup, metadata.Archives.Configuration)) : new PgkeepException(
                    ErrorKind.Configuration,
                    $"the server's configuration file \"{path}\" is not there, and it is not part of the backup",
                    "copy it back from where you keep it; on Debian pg_createcluster makes a new one");
            }
        }
    }

    private static PgkeepException InBackup(string path, string archive)
    {
        // GNU tar sees by itself how an archive is compressed.
        var extract = $"tar xpf {ShellQuote.Word(archive)} -C /";
        return new PgkeepException(
            ErrorKind.Configuration,
            $"the server's configuration file \"{path}\" is not there, and the backup has it",
            $"take out all that are missing, as root: {extract} --skip-old-files",
            $"or this one alone: {extract} {ShellQuote.Word(path.TrimStart('/'))}");
    }

    /// <summary>All of it is read before the first byte of the old cluster moves.</summary>
    public static async Task RequireSoundAsync(StoredBackup backup, CancellationToken cancellationToken)
    {
        var result = await BackupVerification.RunAsync(backup, cancellationToken);
        if (result.Problems.Count > 0)
        {
            throw new PgkeepException(ErrorKind.BackupDamaged, result.Problems[0], [.. result.Problems.Skip(1), "nothing was changed; restore from another backup: pgkeep list"]);
        }
    }

    public static Account OwnerOf(string dataDirectory, string? old)
    {
        var owned = FileStatus.OfTarget(old ?? (Directory.Exists(dataDirectory) ? dataDirectory : FileSystem.ExistingParent(dataDirectory)))!.Value;
        var account = owned.UserId != 0
            ? Account.Find(owned.UserId) ?? throw new PgkeepException(ErrorKind.AccessDenied, $"the owner of \"{dataDirectory}\", number {owned.UserId}, has no account here")
            : Account.Find("postgres") ?? throw new PgkeepException(ErrorKind.AccessDenied, "PostgreSQL does not run as root, and there is no account postgres");
        return Account.IsRoot || account.UserId == Account.CurrentUserId
            ? account
            : throw new PgkeepException(
                ErrorKind.AccessDenied, $"\"{dataDirectory}\" belongs to \"{account.Name}\", and this runs as \"{Environment.UserName}\"", $"run the restore as \"{account.Name}\" or as root");
    }
}
