using System.Globalization;
using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;
using Pgkeep.Restore.Places;

namespace Pgkeep.Restore.Copies;

/// <summary>
/// Makes the plan of a copy, or says why there is none. Reads only. The cluster's own server may run: nothing of it is stopped, moved or used, its <c>pg_wal</c> neither.
/// </summary>
internal sealed class CopyPlanner
{
    /// <summary>sun_path of a socket's address, with the zero at its end (man 7 unix).</summary>
    private const int SocketPathLength = 107;

    private readonly RestoreSettings _settings;
    private readonly CopySettings _copy;
    private readonly RestorePlanner _planner;

    /// <param name="settings">Its data directory is not looked at.</param>
    public CopyPlanner(RestoreSettings settings, CopySettings copy)
    {
        _settings = settings with { DataDirectory = null, IsBeside = true };
        _copy = copy;
        _planner = new RestorePlanner(_settings);
    }

    /// <summary>For the run.</summary>
    public RestoreSettings Settings => _settings;

    /// <param name="working">Called before all of the WAL is read, which may take minutes.</param>
    public async Task<CopyPlan> MakeAsync(Action<string> working, CancellationToken cancellationToken)
    {
        var (choice, metadata, version) = await _planner.ChooseAsync(cancellationToken);
        var dataDirectory = FileSystem.Resolve(_copy.DataDirectory);
        var tablespaces = TablespacePlaces.Of(metadata, _settings.Moves, tablespace => string.Create(CultureInfo.InvariantCulture, $"{dataDirectory}{CopyPlaces.TablespacesSuffix}/{tablespace.Oid}"));
        var left = CopyMarker.Find(dataDirectory) is { } marker && marker.DataDirectory == dataDirectory ? marker : null;
        CheckPlaces([dataDirectory, .. tablespaces.Select(tablespace => tablespace.Location)], left);
        var account = AccountFor(dataDirectory, metadata);
        await RequireReachableAsync(dataDirectory, account, cancellationToken);
        var programs = await _planner.FindProgramsAsync(metadata.Cluster, account, cancellationToken);
        var wal = await _planner.ProveWalAsync(metadata, dataDirectory, null, choice.Known, isForPlan: true, cancellationToken);
        var space = RestoreSpace.Of(BackupContent.Of(choice.Backup), metadata, dataDirectory, tablespaces, OldPlaces.None, wal, _ => 0);
        space.Require(dataDirectory, []);
        if (wal.HasArchive)
        {
            await FetchProbe.RequireAsync(_settings, account, cancellationToken);
        }

        working($"Reading {wal.Chain.Count} segments of WAL for what would lead out of the copy");
        var records = await new CopyWalScan(choice.Backup, metadata, wal).ReadAsync(cancellationToken);
        records.RequireHarmless(metadata.StopLsn);
        // Otherwise it is found as well while it is unpacked: nothing is lost by that.
        if (_settings.IsProof || _copy.IsIdle)
        {
            await RestorePlanner.RequireSoundAsync(choice.Backup, cancellationToken);
        }

        var plan = new RestorePlan
        {
            Backup = choice.Backup,
            Metadata = metadata,
            IsBackupChosenByTarget = _settings.Backup is null,
            BrokenOff = null,
            Target = _settings.Target,
            // What the backup itself has cannot grow, and the recovery asks for nothing else.
            Wal = wal.EndsWithBackup ? wal : wal with { End = records.Pin(wal.End) },
            DataDirectory = dataDirectory,
            Tablespaces = tablespaces,
            OldDataDirectory = null,
            Space = space,
            Running = null,
            Account = account,
            Programs = programs,
            Control = new ServerControl(dataDirectory, programs, account),
            Version = version,
            ConfigurationOptions = CopyConfiguration.Options(dataDirectory, version),
        };
        return new CopyPlan(plan, records.Limits) { Port = _copy.Port, IsIdle = _copy.IsIdle, HasLeftovers = left is not null };
    }

    private void CheckPlaces(IReadOnlyList<string> places, CopyMarker? left)
    {
        for (var i = 0; i < places.Count; i++)
        {
            NewPlace.Require(places[i], places.Where((_, other) => other != i), _settings.Layout, place => left is not null && CopyMarker.Find(place)?.Id == left.Id);
        }

        if (Encoding.UTF8.GetByteCount($"{places[0]}/.s.PGSQL.{_copy.Port}") > SocketPathLength)
        {
            throw new PgkeepException(ErrorKind.Configuration, $"\"{places[0]}\" is too long: the copy's socket lies in it, and its path may have {SocketPathLength} bytes", "nothing was changed; name a shorter one");
        }
    }

    /// <summary>Root takes the cluster's own account, where the cluster is on this machine.</summary>
    private static Account AccountFor(string dataDirectory, BackupMetadata metadata)
    {
        if (!Account.IsRoot)
        {
            return Account.Find(Account.CurrentUserId) ?? throw new PgkeepException(ErrorKind.AccessDenied, $"the account number {Account.CurrentUserId} has no name here, and PostgreSQL wants one");
        }

        var original = metadata.Cluster.DataDirectory;
        return RestorePlanner.OwnerOf(dataDirectory, original.Length > 0 && Directory.Exists(original) ? FileSystem.Resolve(original) : null);
    }

    /// <summary>Root makes a directory anywhere; the account that runs the server must get there.</summary>
    private static async Task RequireReachableAsync(string dataDirectory, Account account, CancellationToken cancellationToken)
    {
        var parent = FileSystem.ExistingParent(dataDirectory);
        if (!Account.IsRoot)
        {
            FileSystem.RequireWritable(Directory.Exists(dataDirectory) ? dataDirectory : parent);
            return;
        }

        if ((await ProgramRun.RunAsync("/usr/bin/test", ["-x", parent], account, cancellationToken)).ExitCode != 0)
        {
            throw new PgkeepException(ErrorKind.AccessDenied, $"\"{account.Name}\", who runs the copy's server, cannot get into \"{parent}\"", "nothing was changed; name a place that the account can reach");
        }
    }
}
