using Microsoft.Win32.SafeHandles;
using Pgkeep.Posix;
using Pgkeep.Restore.Unpacking;
using Pgkeep.Restore.Unpacking.Selected;

namespace Pgkeep.Restore;

/// <summary>
/// Writes a backup's files into the plan's places, and beside them the WAL that only the old cluster has. All of it is durable when it is done;
/// <c>pg_control</c> comes last, so a copy that was broken off cannot start.
/// </summary>
internal sealed class ClusterCopy : IDisposable
{
    private readonly RestorePlan _plan;
    private readonly RestoreProgress? _progress;
    private readonly RestoredFiles _files;
    private readonly Unpack _unpack;
    private readonly SelectedCopy? _selected;
    private readonly List<(SafeFileHandle Directory, string Path)> _opened = [];
    private IReadOnlyList<string>? _places;
    private bool _isSurveyed;

    /// <param name="jobs">How many threads.</param>
    /// <param name="old">Where the old cluster's files are, for a plan that uses them where they wait; null for any other.</param>
    /// <param name="progress">Null where nobody wants to know how far it is.</param>
    public ClusterCopy(RestorePlan plan, int jobs, FilePlaces? old = null, RestoreProgress? progress = null)
    {
        _plan = plan;
        _progress = progress;
        _files = new RestoredFiles(plan.Account, areNew: plan.Reuse != FileReuse.InPlace, progress);
        _unpack = new Unpack(_files, plan.Metadata.Codec, jobs);
        _selected = plan.Reuse == FileReuse.None && plan.Databases is null ? null : new SelectedCopy(plan.Backup, plan.Metadata, Target(old), jobs);
    }

    /// <summary>That were written; <see cref="Kept"/> come on top.</summary>
    public long Files => _files.Files;

    public long Bytes => _files.Bytes;

    /// <summary>Of the old files; null where all comes from the backup.</summary>
    public ReusedFiles? Kept => _plan.Reuse == FileReuse.None ? null : new ReusedFiles(_selected!.Target.KeptFiles, _selected.Target.KeptBytes, _selected.Target.WrittenBytes);

    /// <summary>The directories, where they are missing; nothing in them yet.</summary>
    /// <returns>At least one on each file system that is written to.</returns>
    public IReadOnlyList<string> CreatePlaces()
    {
        if (_places is null)
        {
            IReadOnlyList<string> places = [.. _plan.Tablespaces.Select(tablespace => tablespace.Location).Append(_plan.DataDirectory)];
            foreach (var place in places)
            {
                _files.CreateDirectory(place);
            }

            _plan.Places.WalLink?.Create(_plan.DataDirectory, _plan.Account, _files.CreateDirectory);
            _places = [.. places, .. _plan.Places.Places.Select(place => place.Path).Where(Directory.Exists).Except(places)];
        }

        return _places;
    }

    /// <summary>Decides for each file where it comes from; null where all of them come from the backup. No old file gets another content yet.</summary>
    public ManifestFiles? Survey(CancellationToken cancellationToken)
    {
        if (!_isSurveyed)
        {
            _isSurveyed = true;
            _progress?.BeginCopy(_plan.Metadata.Sizes.PlainBytes);
            CreatePlaces();
            _selected?.Survey(_plan.Databases is { } databases ? databases.IsEmptied : _ => false, cancellationToken);
        }

        return _selected?.Files;
    }

    /// <summary>All but the WAL. Then the configuration can be read, and written to.</summary>
    public void WriteData(CancellationToken cancellationToken)
    {
        // What the kernel cannot write from now on, a later sync through one of these tells.
        _opened.AddRange(CreatePlaces().Select(place => (FileSystem.OpenDirectory(place), place)));
        var files = Survey(cancellationToken);
        Unpack(_plan.Metadata.Archives.Main, "", _plan.DataDirectory, cancellationToken);
        TablespacePlaces.WriteMap(_plan.DataDirectory, _plan.Tablespaces, _plan.Version, _plan.Account);
        foreach (var tablespace in _plan.Tablespaces)
        {
            Unpack(tablespace.Archive, PrefixOf(tablespace), tablespace.Location, cancellationToken);
        }

        files?.RequireAll();
        _unpack.OpenTo(_plan.DataDirectory);
    }

    /// <summary>The rest. All of it is durable then.</summary>
    /// <param name="unarchived">Where it lies now.</param>
    public void WriteWal(IEnumerable<UnarchivedFile> unarchived, CancellationToken cancellationToken)
    {
        var walDirectory = Path.Combine(_plan.DataDirectory, "pg_wal");
        if (_plan.Reuse == FileReuse.InPlace)
        {
            // It may lie on a disk of its own, and stays there.
            _opened.Add((FileSystem.OpenDirectory(walDirectory), walDirectory));
        }

        _unpack.Run(Path.Combine(_plan.Backup.Directory, _plan.Metadata.Archives.Wal), "", walDirectory, cancellationToken);
        UnarchivedWal.Copy(unarchived, _plan.Metadata, walDirectory, _plan.Account, cancellationToken);
        _unpack.CompleteWal(walDirectory);
        foreach (var (directory, place) in _opened)
        {
            FileSystem.SyncAll(directory, place);
        }

        _progress?.End();
    }

    /// <summary>Gives <c>pg_control</c> its name: from now on a server can start.</summary>
    public void Finish() => Unpacking.Unpack.Finish(_plan.DataDirectory);

    public void Dispose()
    {
        _progress?.End();
        _opened.ForEach(opened => opened.Directory.Dispose());
    }

    private static string PrefixOf(TablespacePlace tablespace) => $"pg_tblspc/{tablespace.Oid}/";

    private TargetFiles Target(FilePlaces? old)
    {
        var places = new FilePlaces(_plan.DataDirectory, [.. _plan.Tablespaces.Select(tablespace => (PrefixOf(tablespace), tablespace.Location))]);
        return _plan.Reuse switch
        {
            FileReuse.Clone when old is not null => new ClonedFiles(_files, places, old),
            FileReuse.InPlace => new ChangedFiles(_files, places, _plan.Account),
            _ => new TargetFiles(_files, places),
        };
    }

    private void Unpack(string archive, string prefix, string target, CancellationToken cancellationToken)
    {
        if (_selected is not null)
        {
            _selected.Run(archive, prefix, cancellationToken);
        }
        else
        {
            _unpack.Run(Path.Combine(_plan.Backup.Directory, archive), prefix, target, cancellationToken);
        }
    }
}

/// <param name="Files">That were right as they were.</param>
/// <param name="Bytes">In them.</param>
/// <param name="Written">Bytes that were written to others.</param>
internal sealed record ReusedFiles(long Files, long Bytes, long Written);
