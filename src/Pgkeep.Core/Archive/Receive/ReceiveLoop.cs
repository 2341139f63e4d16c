using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Archive.Receive;

/// <summary>
/// Writes what a stream brings, one timeline and any number of segments. Whenever nothing more has arrived it makes durable what there is and says so to the
/// server, which may hold a commit back for that; what arrives meanwhile is the next batch.
/// </summary>
internal sealed class ReceiveLoop
{
    /// <summary>Under a load that never pauses: a commit waits for its share of it.</summary>
    private const ulong MostUnflushed = 1024 * 1024;

    /// <summary>The server gives a receiver up that is silent for wal_sender_timeout, 60 s by default.</summary>
    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(10);

    /// <summary>How often to look whether the server has agreed to stream; it says so in a message that Npgsql keeps to itself.</summary>
    private static readonly TimeSpan BeginInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Only then it looks for the WAL that was asked for, which it may not have any more.</summary>
    private const int BeginIntervals = 10;

    private readonly WalStream _stream;
    private readonly ReceivingDirectory _directory;
    private readonly SegmentArchiver _archiver;
    private readonly RepositoryIdentity _identity;
    private readonly TimelineId _timeline;
    private readonly TimeProvider _time;
    private readonly Lsn _keptUntil;
    private ReceivingFile? _file;
    private Lsn _expected;
    private Lsn? _acknowledged;

    public ReceiveLoop(WalStream stream, ReceiveStart start, ReceivingDirectory directory, SegmentArchiver archiver, RepositoryIdentity identity, TimeProvider time)
    {
        (_stream, _directory, _archiver, _identity, _time) = (stream, directory, archiver, identity, time);
        (_timeline, _expected, _keptUntil) = (start.Timeline, start.From, start.KeptUntil);
        if (!start.IsFirst)
        {
            Durable = start.KeptUntil;
            stream.SetWritten(start.KeptUntil);
        }
    }

    /// <summary>Up to where all WAL is on stable storage; null where nothing is.</summary>
    public Lsn? Durable { get; private set; }

    /// <summary>Called once, when the stream has brought something, or has lasted a while without an end.</summary>
    public required Action Streaming { private get; init; }

    /// <returns>Why the stream ended; null where <paramref name="stop"/> did.</returns>
    public async Task<WalStreamEnd?> RunAsync(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Register(stopped.SetResult);
        var isStreaming = false;
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var reading = _stream.ReadAsync();
                if (!reading.IsCompleted)
                {
                    await FlushAsync();
                    isStreaming |= await WaitAsync(reading, stopped.Task, isStreaming);
                    if (!reading.IsCompleted)
                    {
                        break;
                    }
                }

                if (await reading is not { } piece)
                {
                    return _stream.End;
                }

                if (!isStreaming)
                {
                    Streaming();
                    isStreaming = true;
                }

                await TakeAsync(piece);
            }

            await FlushAsync();
            return null;
        }
        finally
        {
            Close();
        }
    }

    /// <summary>Until the read is done or somebody wants the end, telling the server now and then that all is well.</summary>
    /// <returns>Whether the stream has shown that it lasts.</returns>
    private async Task<bool> WaitAsync(Task reading, Task stopped, bool isStreaming)
    {
        for (var begun = 0; !reading.IsCompleted && !stopped.IsCompleted;)
        {
            using var waited = new CancellationTokenSource();
            var interval = Task.Delay(isStreaming ? StatusInterval : BeginInterval, _time, waited.Token);
            await Task.WhenAny(_archiver.Running.IsCompleted ? [reading, stopped, interval] : [reading, stopped, interval, _archiver.Running]);
            if (interval.IsCompleted)
            {
                await AcknowledgeAsync();
                if (!isStreaming && _stream.IsStreaming && ++begun == BeginIntervals)
                {
                    Streaming();
                    isStreaming = true;
                }
            }

            await waited.CancelAsync();
            if (_archiver.Running.IsFaulted)
            {
                await _archiver.DrainAsync();
            }
        }

        return isStreaming;
    }

    private async Task TakeAsync(WalPiece piece)
    {
        if (piece.Start != _expected)
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server sent WAL from {piece.Start} on where {_expected} comes next");
        }

        for (var rest = piece.Content; !rest.IsEmpty;)
        {
            _file ??= ReceivingFile.Open(_directory, WalSegmentName.FromLsn(_timeline, _expected, _identity.WalSegmentSize), _identity, _expected, _keptUntil);
            rest = rest[_file.Take(rest.Span)..];
            _expected = _file.Position;
            _stream.SetWritten(_expected > _keptUntil ? _expected : _keptUntil);
            if (_file.IsComplete)
            {
                await FlushAsync();
                var segment = _file.Name;
                Close();
                await _archiver.BeginAsync(segment, _identity);
            }
        }

        if (_file is not null && _file.Position - _file.Flushed >= MostUnflushed)
        {
            await FlushAsync();
        }
    }

    private async Task FlushAsync()
    {
        if (_file is not null)
        {
            _file.Flush();
            Durable = _file.Flushed > _keptUntil ? _file.Flushed : _keptUntil;
        }

        if (Durable != _acknowledged)
        {
            await AcknowledgeAsync();
        }
    }

    private async Task AcknowledgeAsync()
    {
        if (Durable is { } durable && await _stream.AcknowledgeAsync(durable))
        {
            _acknowledged = durable;
        }
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }
}
