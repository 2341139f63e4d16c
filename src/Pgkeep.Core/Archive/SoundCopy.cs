using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Archive;

/// <summary>Copies a stored file out of the archive, checked: of several copies the first that is sound.</summary>
internal sealed class SoundCopy(WalArchive archive, RepositoryIdentity identity)
{
    /// <summary>False where it is not stored.</summary>
    /// <param name="path">What is there is replaced. Not durable: recovery makes what it keeps durable itself (xlogarchive.c, KeepFileRestoredFromArchive).</param>
    public async ValueTask<bool> TryWriteAsync(WalFileName file, string path, CancellationToken cancellationToken)
    {
        PgkeepException? failure = null;
        for (var stored = await archive.FindAsync(file.Name, cancellationToken);
            stored is not null;
            stored = await archive.FindNextAsync(file.Name, stored, cancellationToken))
        {
            try
            {
                await CopyAsync(stored, file, path, cancellationToken);
                Check(file, path);
                return true;
            }
            catch (PgkeepException damaged)
            {
                // It may have a sound copy under another suffix.
                failure ??= damaged;
            }
        }

        return failure is null ? false : throw failure;
    }

    /// <summary>Whether what is at a path is what the name says, and of the cluster.</summary>
    public void Check(WalFileName file, string path)
    {
        if (file.Kind is not (WalFileKind.Segment or WalFileKind.Partial))
        {
            return;
        }

        var stored = archive.Describe(file.Name);
        if (!OwnWal.TryReadSegment(path, file.Segment!.Value, out var segment, out var problem))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"the stored \"{stored}\" {problem}");
        }

        if (segment.SystemIdentifier != identity.SystemIdentifier)
        {
            throw new PgkeepException(
                ErrorKind.RepositoryMismatch, $"the stored \"{stored}\" is of the cluster {segment.SystemIdentifier}, and the repository of {identity.SystemIdentifier}");
        }
    }

    private async ValueTask CopyAsync(string stored, WalFileName file, string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var plain = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
            await archive.CopyAsync(stored, file, plain, cancellationToken);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", path);
        }
    }
}
