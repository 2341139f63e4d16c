using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Repository.Prefetch;

namespace Pgkeep.Archive.Prefetch;

/// <summary>
/// Takes a segment out of the directory of those fetched ahead. It is handed out only where it has the size and the checksum that the archive's own
/// file says of itself at that moment; a crash, another cluster or a person may have put anything there. Its content is read for that where it does not
/// carry the <see cref="CheckedMark"/>.
/// </summary>
internal sealed class PrefetchedSegment
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(2);

    /// <summary>Of waiting for a segment that is being fetched: as long as fetching it anew takes, and not much longer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>So long nothing may come before the process that fetches it counts as gone or stuck.</summary>
    private static readonly TimeSpan StallPatience = TimeSpan.FromMilliseconds(100);

    private readonly PrefetchDirectory _directory;
    private readonly WalArchive _archive;
    private readonly TimeProvider _time;

    public PrefetchedSegment(PrefetchDirectory directory, WalArchive archive, TimeProvider time)
    {
        _directory = directory;
        _archive = archive;
        _time = time;
    }

    /// <summary>
    /// False where it is not there, not what is stored, or cannot be read: then it is not there any more, and nothing is at <paramref name="path"/>.
    /// Throws only what the archive does.
    /// </summary>
    /// <param name="file">A segment.</param>
    /// <param name="path">Where to put it.</param>
    public async Task<bool> TryTakeAsync(WalFileName file, string path, CancellationToken cancellationToken)
    {
        if (await _archive.ReadIdentityAsync(file, cancellationToken) is not { } identity)
        {
            return false;
        }

        try
        {
            var segment = file.Segment!.Value;
            // Its own place first: nobody can change what is checked there.
            if (!await IsReadyAsync(segment, cancellationToken) || !Move(_directory.PathOf(segment), path))
            {
                return false;
            }

            if (CheckedMark.TryTakeOff(path, identity, _time) || Has(path, identity))
            {
                return true;
            }

            FileSystem.Delete(path);
        }
        catch (Exception thrown) when (thrown is PgkeepException || PosixError.IsInputOutput(thrown))
        {
            // It is fetched from the archive instead, over whatever is at the path; if the trouble is there, that tells it.
        }

        return false;
    }

    private async ValueTask<bool> IsReadyAsync(WalSegmentName segment, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        var (grew, length) = (began, -1L);
        while (!_directory.Has(segment))
        {
            var pending = _directory.PendingLength(segment);
            if (pending is null)
            {
                // It may have got its name between the two looks.
                return _directory.Has(segment);
            }

            (grew, length) = pending == length ? (grew, length) : (_time.GetTimestamp(), pending.Value);
            if (_time.GetElapsedTime(grew) > StallPatience || _time.GetElapsedTime(began) > Patience)
            {
                return false;
            }

            await Task.Delay(PollInterval, _time, cancellationToken);
        }

        return true;
    }

    /// <summary>By a copy where the two lie on different file systems. False where there is nothing to move.</summary>
    private static bool Move(string from, string to)
    {
        if (FileSystem.TryRename(from, to))
        {
            return true;
        }

        if (FileStatus.Of(from) is null)
        {
            return false;
        }

        File.Copy(from, to, overwrite: true);
        FileSystem.Delete(from);
        return true;
    }

    private static bool Has(string path, WalIdentity identity)
    {
        using var content = WalContent.Open(path);
        return content.Length == identity.PlainSize && content.QuickDigest() == identity.Digest;
    }
}
