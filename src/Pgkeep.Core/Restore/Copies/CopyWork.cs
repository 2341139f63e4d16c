using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;
using Pgkeep.Repository.Prefetch;
using Pgkeep.Restore.Unpacking;

namespace Pgkeep.Restore.Copies;

/// <summary>
/// Makes a copy's files and recovers them. As long as it is not kept, whatever goes wrong, and <see cref="DisposeAsync"/>, takes all of it away again.
/// </summary>
internal sealed class CopyWork : IAsyncDisposable
{
    private readonly RestoreSettings _settings;
    private readonly CopyPlan _plan;
    private readonly OperationLog _log;
    private readonly TimeProvider _time;
    private readonly CopyPlaces _places;
    private bool _isKept;

    private CopyWork(RestoreSettings settings, CopyPlan plan, OperationLog log, TimeProvider time, CopyPlaces places)
    {
        (_settings, _plan, _log, _time, _places) = (settings, plan, log, time, places);
    }

    /// <summary>Takes the places; what a process that is gone has left there goes first.</summary>
    public static async Task<CopyWork> BeginAsync(RestoreSettings settings, CopyPlan plan, OperationLog log, TimeProvider time)
    {
        if (plan.HasLeftovers && CopyPlaces.TakeOver(plan.Restore.DataDirectory) is { } left)
        {
            using (left)
            {
                await left.StopServerAsync(time);
                left.Remove();
            }

            PrefetchDirectory.RemoveFor(plan.Restore.DataDirectory, settings.Fetch.Place);

            log.Write($"What a copy that was broken off had left in {plan.Restore.DataDirectory} is removed");
        }

        return new CopyWork(settings, plan, log, time, CopyPlaces.Begin(plan.Places, plan.Restore.Account, time.GetUtcNow()));
    }

    /// <summary>All files, with a configuration of the copy's own. From then on a server could start.</summary>
    /// <returns>How many bytes that were.</returns>
    public long Copy(CancellationToken cancellationToken)
    {
        var plan = _plan.Restore;
        using var copy = new ClusterCopy(plan, _settings.Fetch.Jobs);
        copy.WriteData(cancellationToken);
        copy.WriteWal([], cancellationToken);
        new CopyConfiguration(plan.DataDirectory, plan.Account) { Port = _plan.Port, IsIdle = _plan.IsIdle }.Write(Limits());
        copy.Finish();
        _log.Write($"Copied {copy.Files} files, {SizeText.Short(copy.Bytes)}");
        return copy.Bytes;
    }

    public async Task<ClusterRecovery> PrepareAsync(CancellationToken cancellationToken)
    {
        var recovery = new ClusterRecovery(_settings, _plan.Restore, _log, _time);
        await recovery.PrepareAsync(cancellationToken);
        return recovery;
    }

    /// <summary>Nothing takes the copy away any more.</summary>
    public void Keep()
    {
        _places.Keep();
        _isKept = true;
    }

    /// <summary>For good, on its own socket.</summary>
    public Task StartAsync() => _plan.Restore.Control.StartAsync(null, [], _time);

    public async ValueTask DisposeAsync()
    {
        using (_places)
        {
            if (!_isKept)
            {
                await _places.StopServerAsync(_time);
                _places.Remove();
            }
        }

        // Where the recovery is still to come, these stay for it.
        PrefetchDirectory.RemoveFor(_plan.Restore.DataDirectory, _settings.Fetch.Place);
    }

    /// <summary>Not below those of the server whose WAL is replayed, at any time of it.</summary>
    private ServerLimits Limits()
    {
        var path = Path.Combine(_plan.Restore.DataDirectory, ControlFileReader.RelativePath) + RestoredFiles.PendingSuffix;
        try
        {
            var (control, _) = ControlFileReader.ReadWithContent(() => File.ReadAllBytes(path), path);
            return ServerLimits.Default.Or(ServerLimits.Of(control)).Or(_plan.Limits);
        }
        catch (FileNotFoundException)
        {
            throw RestoredFiles.Doctored($"the backup has no \"{ControlFileReader.RelativePath}\"");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }
}
