using System.Globalization;
using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Repository;

/// <summary>
/// A log file in the runbook's form, <c>[2025-01-08 14:30:00] text</c> in local time, one write a line so that the lines of two processes do not
/// mix. Only a failure's line contains the word ERROR: monitoring looks for it. A log that cannot be written never fails the work; the
/// first such failure is told to <see cref="Failed"/>.
/// </summary>
internal sealed class OperationLog
{
    private const int Mode = 0b110_100_000;

    /// <summary>A log that has reached it is put aside; some 100,000 lines.</summary>
    private const long LongestLength = 10 * 1024 * 1024;

    /// <summary>So many old logs are kept, <c>archive.log.1</c> being the newest.</summary>
    private const int OldLogs = 4;

    private readonly string _path;
    private readonly TimeProvider _time;
    private bool _reported;

    public OperationLog(string path, TimeProvider time)
    {
        _path = path;
        _time = time;
    }

    /// <summary>Called at most once.</summary>
    public Action<string>? Failed { get; init; }

    /// <summary>Who gets the log when root creates it: otherwise the next one to write would be shut out.</summary>
    public Account? Owner { get; init; }

    /// <summary>For a log that gets a line for each segment: put aside when it is long, and removed after some generations.</summary>
    public bool Rotates { get; init; }

    /// <summary>Called with every line, without its time.</summary>
    public Action<string>? Echo { get; init; }

    public void Write(string text)
    {
        Echo?.Invoke(text);
        Append(text);
    }

    public void WriteError(string text) => Append($"ERROR: {text}");

    /// <summary>Without telling the person who waits.</summary>
    public void Append(string text)
    {
        var time = _time.GetLocalNow().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        // A name with a line break in it must not forge a line.
        var line = Encoding.UTF8.GetBytes($"[{time}] {text.ReplaceLineEndings(" ")}\n");
        try
        {
            var isNew = Account.IsRoot && Owner is not null && FileStatus.Of(_path) is null;
            FileSystem.Append(_path, line, Mode);
            if (Rotates && FileStatus.Of(_path)?.Size >= LongestLength)
            {
                Rotate();
            }

            if (isNew)
            {
                FileSystem.ChangeOwner(_path, Owner!.UserId, Owner.GroupId);
            }
        }
        catch (PgkeepException thrown)
        {
            if (!_reported)
            {
                _reported = true;
                Failed?.Invoke($"the log is not written: {thrown.Message}");
            }
        }
    }

    /// <summary>Of several processes that find the log too long one rotates it; what another writes meanwhile goes into the file that it has opened.</summary>
    private void Rotate()
    {
        var directory = Path.GetDirectoryName(_path)!;
        using var turn = FileLock.TryTakeExisting(_path);
        if (turn is null || FileStatus.Of(_path)?.Size is not >= LongestLength)
        {
            return;
        }

        for (var number = OldLogs - 1; number >= 1; number--)
        {
            if (FileStatus.Of($"{_path}.{number}") is not null)
            {
                FileSystem.Rename($"{_path}.{number}", $"{_path}.{number + 1}");
            }
        }

        FileSystem.Rename(_path, _path + ".1");
        FileSystem.SyncDirectory(directory);
    }
}
