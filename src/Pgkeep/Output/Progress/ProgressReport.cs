using Pgkeep.Backup;

namespace Pgkeep.Output.Progress;

/// <summary>
/// Tells how far a backup is, from a thread of its own: a line that is overwritten on a terminal, a line now and then elsewhere, and with
/// <c>--json</c> an object a line on stdout. Whatever fails here ends the telling and not the backup.
/// </summary>
internal sealed class ProgressReport : IDisposable
{
    private static readonly TimeSpan BarInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan JsonInterval = TimeSpan.FromSeconds(1);

    private readonly IOutput _output;
    private readonly BackupProgress _progress;
    private readonly string _repository;
    private readonly bool _isJson;
    private readonly RateMeter _rate;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private bool _hasBegun;
    private bool _isOver;
    private int _shown;

    /// <param name="repository">Where the backup goes to.</param>
    public ProgressReport(IOutput output, BackupProgress progress, string repository, TimeProvider time, bool isJson)
    {
        _output = output;
        _progress = progress;
        _repository = repository;
        _isJson = isJson;
        _rate = new RateMeter(time);
        var interval = isJson ? JsonInterval : output.IsNoteTerminal ? BarInterval : LineInterval;
        _timer = time.CreateTimer(_ => Tick(), null, interval, interval);
    }

    private bool IsBar => !_isJson && _output.IsNoteTerminal;

    /// <summary>Says something else meanwhile, on a line of its own.</summary>
    /// <param name="report">Null where none is made.</param>
    public static void Around(ProgressReport? report, Action say)
    {
        if (report is null)
        {
            say();
            return;
        }

        lock (report._lock)
        {
            report.Try(report.MakeRoom);
            say();
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        lock (_lock)
        {
            Try(MakeRoom);
            _isOver = true;
        }
    }

    private void Tick()
    {
        lock (_lock)
        {
            Try(Show);
        }
    }

    /// <summary>The boundary of a thread: a terminal that is gone or a full disk behind stdout is told by what the command itself writes.</summary>
    private void Try(Action tell)
    {
        if (_isOver)
        {
            return;
        }

        try
        {
            tell();
        }
        catch (Exception)
        {
            _isOver = true;
        }
    }

    private void MakeRoom()
    {
        SayOutset();
        if (_shown > 0)
        {
            _output.WriteNotePart("\r" + new string(' ', _shown) + "\r");
            _shown = 0;
        }
    }

    private void SayOutset()
    {
        if (_hasBegun || _progress.Outset is not { } outset)
        {
            return;
        }

        _hasBegun = true;
        var size = outset.PlainBytes is { } bytes ? ByteSizeText.Of(bytes) : "size not known";
        _output.WriteNote($"{ProductVersion.Text}  backup of cluster {outset.Cluster} (PostgreSQL {outset.PostgresqlVersion}, {size}) into {_repository}");
    }

    /// <summary>Files that grew since they were listed make it more.</summary>
    private long? Total(long bytes) => _progress.Outset?.PlainBytes is { } listed ? Math.Max(listed, bytes) : null;

    private void Show()
    {
        SayOutset();
        if (_progress.Archive is not { } archive)
        {
            MakeRoom();
            return;
        }

        var bytes = _progress.CopiedBytes;
        var facts = new ProgressFacts(archive, bytes, Total(bytes), _rate.Add(bytes));
        if (_isJson)
        {
            _output.WriteResult(ProgressText.Json(facts));
            _output.Flush();
        }
        else if (IsBar)
        {
            // In one piece, and over what stood there: nothing is cleared in between, so nothing flickers.
            var line = ProgressText.Bar(facts, _output.NoteWidth);
            _output.WriteNotePart("\r" + line.PadRight(_shown));
            _shown = line.Length;
        }
        else
        {
            _output.WriteNote(ProgressText.Line(facts));
        }
    }
}
