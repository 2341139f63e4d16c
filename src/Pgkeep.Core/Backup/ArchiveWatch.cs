using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>Waits for WAL to appear in the archive, and says why it does not. An archive that is slow and moves is waited for.</summary>
internal sealed class ArchiveWatch
{
    private const int LongestTail = 64 * 1024;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly WalArchive _archive;
    private readonly string _archiveLog;
    private readonly ServerConnection? _connection;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;

    /// <param name="connection">Null where there is no ordinary session to ask: then the archive alone shows whether it moves.</param>
    /// <param name="patience">How long nothing may move.</param>
    public ArchiveWatch(WalArchive archive, RepositoryLayout layout, ServerConnection? connection, TimeSpan patience, TimeProvider time)
    {
        _archive = archive;
        _archiveLog = layout.ArchiveLog;
        _connection = connection;
        _patience = patience;
        _time = time;
    }

    public async Task WaitAsync(string name, CancellationToken cancellationToken)
    {
        if (await IsStoredAsync(name, cancellationToken))
        {
            return;
        }

        var before = await StatusAsync(cancellationToken);
        while (!await TryWaitAsync(() => IsStoredAsync(name, cancellationToken), cancellationToken))
        {
            var now = await StatusAsync(cancellationToken);
            if (now.ArchivedCount == before.ArchivedCount || string.CompareOrdinal(now.LastArchived, name) >= 0)
            {
                var reason = Explain(now) ?? "the server reports no failure; does archive_command store into this repository?";
                throw new PgkeepException(
                    ErrorKind.ArchivingStalled, $"\"{name}\" was not archived within {_patience.TotalSeconds:0} s: {reason}", ArchiverStatus.Hints);
            }

            before = now;
        }
    }

    /// <summary>Whether it came, or was there; for WAL that another server archives, of which this one knows nothing.</summary>
    public Task<bool> TryWaitAsync(string name, CancellationToken cancellationToken) => TryWaitAsync(() => IsStoredAsync(name, cancellationToken), cancellationToken);

    /// <summary>
    /// An archiver that failed last may have been helped since. It tries again once a minute, and at once where a segment ends: so that one is
    /// ended, as the backup's own start does.
    /// </summary>
    public async Task WaitForRecoveryAsync(Action<string> tell, CancellationToken cancellationToken)
    {
        var status = await StatusAsync(cancellationToken);
        if (status.Failure is null || _connection is null)
        {
            return;
        }

        tell($"Waiting for the server to archive again: {status.Failure}");
        if (await ServerWal.MayEndSegmentAsync(_connection, cancellationToken))
        {
            await ServerWal.EndSegmentAsync(_connection, cancellationToken);
        }

        var recovered = await TryWaitAsync(
            async () => (status = await StatusAsync(cancellationToken)).Failure is null, cancellationToken);
        if (!recovered)
        {
            throw new PgkeepException(ErrorKind.ArchivingStalled, $"the server's archive_command fails: {Explain(status)}", ArchiverStatus.Hints);
        }
    }

    private async Task<ArchiverStatus> StatusAsync(CancellationToken cancellationToken) =>
        _connection is null ? ArchiverStatus.Unknown : await ArchiverStatus.ReadAsync(_connection, cancellationToken);

    private async ValueTask<bool> IsStoredAsync(string name, CancellationToken cancellationToken) =>
        await _archive.FindAsync(name, cancellationToken) is not null;

    private async Task<bool> TryWaitAsync(Func<ValueTask<bool>> isDone, CancellationToken cancellationToken)
    {
        for (var since = _time.GetTimestamp(); !await isDone();)
        {
            if (_time.GetElapsedTime(since) > _patience)
            {
                return false;
            }

            await Task.Delay(PollInterval, _time, cancellationToken);
        }

        return true;
    }

    private string? Explain(ArchiverStatus status) =>
        status.LastFailed is { } segment && LastError(segment) is { } reason ? $"{status.Failure}: {reason}" : status.Failure;

    /// <summary>What archive-wal itself said of the file. Only words for a message: a log that cannot be read has none.</summary>
    private string? LastError(string name)
    {
        try
        {
            using var file = new FileStream(_archiveLog, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Seek(-Math.Min(file.Length, LongestTail), SeekOrigin.End);
            using var reader = new StreamReader(file, Encoding.UTF8);
            var mark = $"] ERROR: {name}: ";
            return reader.ReadToEnd().Split('\n').LastOrDefault(line => line.Contains(mark, StringComparison.Ordinal)) is { } line
                ? line[(line.IndexOf(mark, StringComparison.Ordinal) + mark.Length)..]
                : null;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return null;
        }
    }
}
