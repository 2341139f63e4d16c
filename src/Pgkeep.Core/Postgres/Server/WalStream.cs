using Npgsql;
using Npgsql.Replication;
using NpgsqlTypes;

namespace Pgkeep.Postgres.Server;

/// <summary>
/// WAL as a server sends it to a standby. What is reported back is true at any moment: written is what <see cref="SetWritten"/> was told, flushed what
/// <see cref="AcknowledgeAsync"/> was told, applied is nothing at all.
/// </summary>
/// <remarks>
/// Npgsql answers the server's own questions while a read is pending; whoever reads writes a piece away before the next read, since Npgsql reports what
/// the server has sent before it asked as written. It also asks the server for a sign of life after half of its timeout of 60 s, which is how a dead
/// network is noticed: TCP's keep-alive does not run while a report of ours is under way.
/// </remarks>
internal sealed class WalStream : IAsyncDisposable
{
    /// <summary>The server sends at most 16 of its WAL pages in a message (walsender.c, MAX_SEND_SIZE), and its pages have at most 64 kB.</summary>
    private const int MaxPiece = 16 * 64 * 1024;

    private readonly PhysicalReplicationConnection _connection;
    private readonly CancellationTokenSource _stop = new();
    private readonly IAsyncEnumerator<XLogDataMessage> _messages;
    private byte[] _buffer = new byte[128 * 1024];
    private NpgsqlLogSequenceNumber _written;
    private Task<WalPiece?> _reading = Task.FromResult<WalPiece?>(null);

    public WalStream(PhysicalReplicationConnection connection, string slot, TimelineId timeline, Lsn start)
    {
        _connection = connection;
        // Its own reports would come at any time, also between a message and our correction of what it makes of it.
        connection.WalReceiverStatusInterval = Timeout.InfiniteTimeSpan;
        _messages = connection
            .StartReplication(new PhysicalReplicationSlot(slot), new NpgsqlLogSequenceNumber(start.Value), _stop.Token, timeline.Value)
            .GetAsyncEnumerator(CancellationToken.None);
    }

    /// <summary>Why there is no next piece; null before that.</summary>
    public WalStreamEnd? End { get; private set; }

    /// <summary>Whether the server has agreed to stream and the stream has not ended. What is wrong with the WAL that was asked for comes a moment later.</summary>
    public bool IsStreaming => NpgsqlInternals.ReportTimer(_connection) is not null;

    /// <summary>The next piece; null at the end. A read that is under way is returned again.</summary>
    public Task<WalPiece?> ReadAsync() => _reading = _reading.IsCompleted ? ReadNextAsync() : _reading;

    /// <summary>Up to where everything has been handed to the operating system.</summary>
    public void SetWritten(Lsn position)
    {
        _written = new NpgsqlLogSequenceNumber(position.Value);
        NpgsqlInternals.SetWritten(_connection, _written);
    }

    /// <summary>Tells the server at once up to where everything is durable.</summary>
    /// <returns>False where nothing was sent, as the stream has not begun.</returns>
    public async Task<bool> AcknowledgeAsync(Lsn flushed)
    {
        if (!IsStreaming)
        {
            return false;
        }

        try
        {
            _connection.LastFlushedLsn = new NpgsqlLogSequenceNumber(flushed.Value);
            await _connection.SendStatusUpdate(CancellationToken.None);
        }
        catch (Exception)
        {
            // Whatever it is, the stream has ended meanwhile, in another thread, and the next read says why.
        }

        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        // It ends without a failure, and Npgsql must not be left in the middle of a message.
#pragma warning disable VSTHRD003
        await _reading;
#pragma warning restore VSTHRD003
        await _messages.DisposeAsync();
        _stop.Dispose();
    }

    private async Task<WalPiece?> ReadNextAsync()
    {
        if (End is not null)
        {
            return null;
        }

        try
        {
            if (!await _messages.MoveNextAsync())
            {
                return Finish(WalStreamEndKind.Broken, "the server ended the stream");
            }

            NpgsqlInternals.SetWritten(_connection, _written);
            var message = _messages.Current;
            if (message.Data.Length is < 0 or > MaxPiece)
            {
                return Finish(WalStreamEndKind.Broken, $"the server sent a message of {message.Data.Length} bytes");
            }

            var length = (int)message.Data.Length;
            _buffer = length <= _buffer.Length ? _buffer : new byte[length];
            await message.Data.ReadExactlyAsync(_buffer.AsMemory(0, length), _stop.Token);
            return new WalPiece(new Lsn((ulong)message.WalStart), _buffer.AsMemory(0, length));
        }
        catch (PostgresException refused)
        {
            return Finish(KindOf(refused), refused.MessageText);
        }
        // All of it is Npgsql's own, and what it throws at a message that it does not expect, such as CopyDone, has no type of its own.
        catch (Exception thrown) when (thrown is not OutOfMemoryException)
        {
            var said = ServerError.InnerMost(thrown).Message;
            var isEnd = said.Contains("CopyDone", StringComparison.Ordinal) || said.Contains("CommandComplete", StringComparison.Ordinal);
            return Finish(WalStreamEndKind.Broken, isEnd ? "the server ended the stream" : said);
        }
    }

    private WalPiece? Finish(WalStreamEndKind kind, string reason)
    {
        End = new WalStreamEnd(kind, reason);
        return null;
    }

    private static WalStreamEndKind KindOf(PostgresException said) => said.SqlState switch
    {
        PostgresErrorCodes.UndefinedFile => WalStreamEndKind.WalRemoved,
        PostgresErrorCodes.UndefinedObject => WalStreamEndKind.SlotMissing,
        PostgresErrorCodes.ObjectInUse => WalStreamEndKind.SlotBusy,
        PostgresErrorCodes.ObjectNotInPrerequisiteState => WalStreamEndKind.SlotLost,
        _ => WalStreamEndKind.Broken,
    };
}
