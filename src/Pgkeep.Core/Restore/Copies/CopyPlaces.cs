using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Restore.Places;

namespace Pgkeep.Restore.Copies;

/// <summary>
/// The directories of one copy, from the first marker to the last. Whoever works on a copy holds a lock on its data directory, which goes with the process; so what a killed one
/// left is told apart from what another is just making.
/// </summary>
internal sealed class CopyPlaces : IDisposable
{
    /// <summary>Behind the data directory's name: there lie the tablespaces that nobody gave another place.</summary>
    public const string TablespacesSuffix = ".tablespaces";

    private const int OwnerOnly = 0b111_000_000;

    private readonly CopyMarker _marker;
    private readonly FileLock _lock;

    private CopyPlaces(CopyMarker marker, FileLock taken) => (_marker, _lock) = (marker, taken);

    /// <summary>Makes what is missing, and marks all of it. Throws where something is in one of them.</summary>
    /// <param name="places">Absolute, links followed, the data directory first.</param>
    public static CopyPlaces Begin(IReadOnlyList<string> places, Account owner, DateTimeOffset now)
    {
        var marker = CopyMarker.Create(places, now);
        FileLock? taken = null;
        try
        {
            foreach (var place in places)
            {
                CreateDirectory(place, owner);
                if (RestoredPlace.HasEntries(place))
                {
                    throw new PgkeepException(ErrorKind.Configuration, $"something was put into \"{place}\" meanwhile", "name an empty directory, or one that is not there yet");
                }

                var path = CopyMarker.PathIn(place);
                DurableFile.Replace(path, marker.ToJson());
                owner.Own(path);
                taken ??= FileLock.TryTakeDirectory(place) ?? throw Busy(place);
            }

            return new CopyPlaces(marker, taken!);
        }
        catch
        {
            if (taken is not null)
            {
                using var begun = new CopyPlaces(marker, taken);
                begun.Remove();
            }

            throw;
        }
    }

    /// <summary>Takes over what a process left that is gone; throws where one is at work. Null where there is no marker.</summary>
    public static CopyPlaces? TakeOver(string dataDirectory)
    {
        if (CopyMarker.Find(dataDirectory) is not { } marker || marker.DataDirectory != dataDirectory)
        {
            return null;
        }

        return FileLock.TryTakeDirectory(dataDirectory) is { } taken ? new CopyPlaces(marker, taken) : throw Busy(dataDirectory);
    }

    /// <summary>The server of a copy that was given up: nobody but its maker has ever reached it.</summary>
    public async Task StopServerAsync(TimeProvider time)
    {
        if (PostmasterFile.OfRunning(_marker.DataDirectory) is { } running)
        {
            _ = RecoveryServer.IsOne(running) ? true : throw new PgkeepException(
                ErrorKind.ServerRunning, $"a server is running on \"{_marker.DataDirectory}\" (process {running.ProcessId}), which is a copy that was never finished", "see who has started it, and stop it");
            await ServerSignals.StopAsync(running, _marker.DataDirectory, immediate: true, time);
        }
    }

    /// <summary>
    /// Removes what carries this copy's marker. Broken off anywhere, it goes on when it is called again: the data directory is the last, and in each the marker is. Its control file is the
    /// first, and without that no server starts on the rest.
    /// </summary>
    public void Remove()
    {
        if (Carries(_marker.DataDirectory))
        {
            FileSystem.Delete(Path.Combine(_marker.DataDirectory, ControlFileReader.RelativePath));
        }

        foreach (var place in _marker.Places.Reverse())
        {
            if (Carries(place.Path))
            {
                Clear(place.Path);
                FileSystem.Delete(CopyMarker.PathIn(place.Path));
            }

            if (!place.WasThere)
            {
                FileSystem.TryRemoveDirectory(place.Path);
            }
        }

        FileSystem.TryRemoveDirectory(_marker.DataDirectory + TablespacesSuffix);
    }

    /// <summary>The copy is a cluster of its own from here on, and nothing removes it any more.</summary>
    public void Keep()
    {
        foreach (var place in _marker.Places)
        {
            FileSystem.Delete(CopyMarker.PathIn(place.Path));
            FileSystem.SyncDirectory(place.Path);
        }
    }

    public void Dispose() => _lock.Dispose();

    private bool Carries(string place) => CopyMarker.Find(place)?.Id == _marker.Id;

    private static PgkeepException Busy(string place) =>
        new(ErrorKind.RepositoryLocked, $"another pgkeep is just making a copy in \"{place}\"", $"wait for it, or see which process that is: fuser -v \"{place}\"");

    private static void CreateDirectory(string path, Account owner)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        if (Path.GetDirectoryName(path) is { } parent)
        {
            CreateDirectory(parent, owner);
        }

        if (FileSystem.TryCreateDirectory(path, OwnerOnly))
        {
            owner.Own(path);
            FileSystem.SyncDirectory(Path.GetDirectoryName(path)!);
        }
    }

    private static void Clear(string directory)
    {
        try
        {
            foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos().Where(entry => entry.Name != CopyMarker.FileName))
            {
                if (entry is DirectoryInfo { LinkTarget: null } folder)
                {
                    folder.Delete(recursive: true);
                }
                else
                {
                    entry.Delete();
                }
            }
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "remove what is in", directory);
        }
    }
}
