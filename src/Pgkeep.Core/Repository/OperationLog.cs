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
}
