using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;

namespace Pgkeep.Rotation;

/// <summary>Makes the plan of a rotation, or says why there is none. Reads only.</summary>
internal static class RotationPlanner
{
    /// <param name="newCluster">Asked only where no rotation was broken off: that one knows.</param>
    /// <returns>Null where the repository belongs to the new cluster already, after a rotation.</returns>
    public static async Task<RotationPlan?> MakeAsync(
        RepositoryLayout layout, Func<CancellationToken, Task<RepositoryIdentity>> newCluster, TimeProvider time, CancellationToken cancellationToken)
    {
        ArchiveStores.RequireDirectories(layout);
        var storage = new LocalStorage(layout.BackupDirectory);
        var path = storage.Describe(RepositoryLayout.MarkerName);
        var content = await ReadAsync(storage, cancellationToken);
        if (content is null)
        {
            await RepositoryMarker.RequireAsync(storage, cancellationToken);
        }

        if (RotationMarker.TryRead(content, path) is { } begun)
        {
            return await PlanAsync(layout, begun, begun.OldIdentity(path), begun.NewIdentity(path), isResumed: true, cancellationToken);
        }

        var old = RepositoryIdentity.FromJson(content, path);
        var wanted = await newCluster(cancellationToken);
        if (old.SystemIdentifier == wanted.SystemIdentifier)
        {
            return (await OldRepository.ListAsync(storage, cancellationToken)).Count > 0
                ? null
                : throw new PgkeepException(
                    ErrorKind.RepositoryMismatch,
                    $"the cluster {wanted.SystemIdentifier} is the one that the repository \"{layout.BackupDirectory}\" belongs to: there is nothing to rotate",
                    "run this after pg_upgrade or initdb, with the new server running or its data directory named by --pgdata");
        }

        var marker = new RotationMarker(Encoding.UTF8.GetString(content!), Encoding.UTF8.GetString(wanted.ToJson(time.GetUtcNow())));
        var plan = await PlanAsync(layout, marker, old, wanted, isResumed: false, cancellationToken);
        RequireFree(plan);
        RequireNotAside(plan);
        RequireMovable(plan);
        return plan;
    }

    private static async ValueTask<RotationPlan> PlanAsync(
        RepositoryLayout layout, RotationMarker marker, RepositoryIdentity old, RepositoryIdentity wanted, bool isResumed, CancellationToken cancellationToken)
    {
        var stores = new List<StoreMarkers> { new(layout.BackupDirectory, marker) };
        if (layout.IsArchiveApart)
        {
            stores.Add(new StoreMarkers(layout.WalDirectory, await OfArchiveAsync(layout, marker, old, wanted, cancellationToken)));
        }

        return new RotationPlan(layout, old, wanted, stores, isResumed);
    }

    /// <summary>An archive elsewhere carries a marker of its own, and must be of the same cluster.</summary>
    private static async ValueTask<RotationMarker> OfArchiveAsync(
        RepositoryLayout layout, RotationMarker marker, RepositoryIdentity old, RepositoryIdentity wanted, CancellationToken cancellationToken)
    {
        var storage = new LocalStorage(layout.WalDirectory);
        var path = storage.Describe(RepositoryLayout.MarkerName);
        if (await ReadAsync(storage, cancellationToken) is not { } content)
        {
            return marker;
        }

        if (RotationMarker.TryRead(content, path) is { } begun)
        {
            return begun;
        }

        // The new one is there already where a rotation was broken off right before its end.
        var found = RepositoryIdentity.FromJson(content, path);
        return found == old ? marker with { Old = Encoding.UTF8.GetString(content) }
            : found == wanted ? marker
            : throw new PgkeepException(
                ErrorKind.RepositoryMismatch,
                $"the backups in \"{layout.BackupDirectory}\" are of the cluster {old.SystemIdentifier}, and the archive in \"{layout.WalDirectory}\" of {found.SystemIdentifier}",
                "check BACKUP_DIR and WAL_ARCHIVE_DIR: pgkeep config show");
    }

    private static void RequireFree(RotationPlan plan)
    {
        var taken = new[] { plan.OldRepository, plan.OldArchive }.FirstOrDefault(path =>
            FileStatus.Of(path) is { } status && (status.Type != FileType.Directory || Directory.EnumerateFileSystemEntries(path).Any()));
        if (taken is not null)
        {
            throw new PgkeepException(
                ErrorKind.Configuration,
                $"\"{taken}\" is there already, and not from a rotation that was broken off",
                "nothing was changed; see whose it is, and move it away if it is not needed");
        }
    }

    /// <summary>Back to a cluster whose repository is kept aside, the way is to put that back; an empty one in its place would hide it.</summary>
    private static void RequireNotAside(RotationPlan plan)
    {
        if (plan.KeptOfNew is { } kept)
        {
            throw new PgkeepException(
                ErrorKind.Configuration,
                $"the cluster {plan.New.SystemIdentifier} was here before, and what it had is in \"{kept}\": it would begin with an empty repository beside that",
                $"nothing was changed; its backups: pgkeep list --backup-dir {ShellQuote.Word(kept)}",
                "to go on with that repository, put it back by hand: docs/repository-format.md, \"Back to an earlier cluster\", has the steps");
        }
    }

    private static void RequireMovable(RotationPlan plan)
    {
        FileSystem.RequireWritable(plan.Layout.BackupDirectory);
        if (plan.IsArchiveInside)
        {
            FileSystem.RequireWritable(FileSystem.Resolve(plan.Layout.WalDirectory));
        }

        if (Directory.EnumerateDirectories(plan.Layout.BackupDirectory, BackupName.Prefix + "*").Append(plan.Layout.ReceivingDirectory).Where(Directory.Exists).FirstOrDefault(FileSystem.IsMountPoint) is { } mounted)
        {
            throw new PgkeepException(ErrorKind.Configuration, $"\"{mounted}\" is a mount point and cannot be moved", "nothing was changed; unmount it first");
        }
    }

    private static async ValueTask<byte[]?> ReadAsync(LocalStorage storage, CancellationToken cancellationToken)
    {
        if (await storage.OpenReadAsync(RepositoryLayout.MarkerName, cancellationToken) is not { } stream)
        {
            return null;
        }

        await using (stream)
        {
            return await StoredContent.ReadAllAsync(stream, storage.Describe(RepositoryLayout.MarkerName), cancellationToken);
        }
    }
}
