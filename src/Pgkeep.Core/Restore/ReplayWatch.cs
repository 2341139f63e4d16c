using System.Text.RegularExpressions;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>
/// Sees how far a server has replayed that nobody can connect to: its startup process has the segment it is at in its title, and the index of that segment has the time.
/// </summary>
internal sealed partial class ReplayWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly RestoreProgress _progress;
    private readonly WalIndexStore _indexes;
    private readonly WalSegmentSize _size;
    private readonly TimeProvider _time;
    private long _looked;
    private int _startup;
    private WalSegmentName? _at;
    private Task _lookup = Task.CompletedTask;

    public ReplayWatch(RestoreProgress progress, WalIndexStore indexes, WalSegmentSize size, TimeProvider time)
    {
        _progress = progress;
        _indexes = indexes;
        _size = size;
        _time = time;
    }

    /// <summary>To be called often; looks now and then. What it cannot see is no failure.</summary>
    /// <param name="postmaster">The server's process.</param>
    public void Look(int postmaster)
    {
        if (_looked != 0 && _time.GetElapsedTime(_looked) < Interval)
        {
            return;
        }

        _looked = _time.GetTimestamp();
        if (SegmentOf(ProcessTable.TitleOf(_startup)) is not { } segment)
        {
            _startup = ProcessTable.ChildrenOf(postmaster).FirstOrDefault(child => SegmentOf(ProcessTable.TitleOf(child)) is not null);
            return;
        }

        if (segment != _at)
        {
            _at = segment;
            _progress.Reach(segment.StartLsn(_size));
            if (_lookup.IsCompleted)
            {
                // Beside the recovery: an archive that does not answer must not hold up whoever watches the server, and its time limit.
                _lookup = Task.Run(() => TellTimeAsync(segment));
            }
        }
    }

    /// <summary>From <c>postgres: startup recovering 000000010000000000000003</c>, with the cluster's name before it where it has one; null of any other title.</summary>
    // PostgreSQL src/backend/access/transam/xlogrecovery.c (before 15: xlog.c), XLogFileRead
    public static WalSegmentName? SegmentOf(string title) =>
        TitlePattern().Match(title) is { Success: true } match && WalSegmentName.TryParse(match.Groups["segment"].ValueSpan, out var segment) ? segment : null;

    private async Task TellTimeAsync(WalSegmentName segment)
    {
        try
        {
            _progress.ReachTime((await _indexes.FindAsync(segment, CancellationToken.None))?.FirstCommit?.Time);
        }
        catch (PgkeepException)
        {
            // Then nobody knows.
        }
    }

    [GeneratedRegex("^postgres: .*startup +(recovering|waiting for) (?<segment>[0-9A-F]{24})")]
    private static partial Regex TitlePattern();
}
