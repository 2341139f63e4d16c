using Microsoft.Win32.SafeHandles;
using Pgkeep.Posix;
using Pgkeep.Restore.Unpacking;

namespace Pgkeep.Restore;

/// <summary>
/// Writes a backup's files into the plan's empty places, and beside them the WAL that only the old cluster has. All of it is durable when it is done;
/// <c>pg_control</c> comes last, so a copy that was broken off cannot start.
/// </summary>
internal sealed class ClusterCopy
{
    private readonly RestorePlan _plan;
    private readonly RestoreProgress? _progress;
    private readonly Unpack _unpack;

    /// <param name="jobs">How many threads.</param>
    /// <param name="progress">Null where nobody wants to know how far it is.</param>
    public ClusterCopy(RestorePlan plan, int jobs, RestoreProgress? progress = null)
    {
        _plan = plan;
        _progress = progress;
        _unpack = new Unpack(plan.Account, plan.Metadata.Codec, jobs, progress);
    }

    public long Files => _unpack.Files;

    public long Bytes => _unpack.Bytes;

    /// <param name="unarchived">Where it lies now.</param>
    public void Run(IEnumerable<UnarchivedFile> unarchived, CancellationToken cancellationToken)
    {
        var places = CreatePlaces();
        var opened = new List<SafeFileHandle>();
        try
        {
            opened.AddRange(places.Select(FileSystem.OpenDirectory));

            _progress?.BeginCopy(_plan.Metadata.Sizes.PlainBytes);
            Write(unarchived, cancellationToken);
            foreach (var (directory, place) in opened.Zip(places))
            {
                FileSystem.SyncAll(directory, place);
            }
        }
        finally
        {
            _progress?.End();
            opened.ForEach(directory => directory.Dispose());
        }
    }

    /// <summary>Gives <c>pg_control</c> its name: from now on a server can start.</summary>
    public void Finish() => Unpacking.Unpack.Finish(_plan.DataDirectory);

    /// <returns>At least one on each file system that is written to.</returns>
    private IReadOnlyList<string> CreatePlaces()
    {
        IReadOnlyList<string> places = [.. _plan.Tablespaces.Select(tablespace => tablespace.Location).Append(_plan.DataDirectory)];
        foreach (var place in places)
        {
            _unpack.CreateDirectory(place);
        }

        _plan.Places.WalLink?.Create(_plan.DataDirectory, _plan.Account, _unpack.CreateDirectory);
        return [.. places, .. _plan.Places.Places.Select(place => place.Path).Where(Directory.Exists).Except(places)];
    }

    private void Write(IEnumerable<UnarchivedFile> unarchived, CancellationToken cancellationToken)
    {
        Unpack(_plan.Metadata.Archives.Main, "", _plan.DataDirectory, cancellationToken);
        foreach (var tablespace in _plan.Tablespaces)
        {
            Unpack(tablespace.Archive, $"pg_tblspc/{tablespace.Oid}/", tablespace.Location, cancellationToken);
        }

        var walDirectory = Path.Combine(_plan.DataDirectory, "pg_wal");
        Unpack(_plan.Metadata.Archives.Wal, "", walDirectory, cancellationToken);
        UnarchivedWal.Copy(unarchived, _plan.Metadata, walDirectory, _plan.Account, cancellationToken);
        _unpack.OpenTo(_plan.DataDirectory);
    }

    private void Unpack(string archive, string prefix, string target, CancellationToken cancellationToken) =>
        _unpack.Run(Path.Combine(_plan.Backup.Directory, archive), prefix, target, cancellationToken);
}
