namespace Pgkeep.Output.Progress;

/// <summary>
/// Tells how far long work is, from a thread of its own: a line that is overwritten on a terminal, a line now and then elsewhere, and with
/// <c>--json</c> an object a line on stdout. Whatever fails here ends the telling and not the work.
/// </summary>
internal sealed class ProgressReport : IDisposable
{
    private static readonly TimeSpan BarInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan JsonInterval = TimeSpan.FromSeconds(1);

    private readonly IOutput _output;
    private readonly IProgressSource _source;
    private readonly TimeProvider _time;
    private readonly bool _isJson;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private bool _hasBegun;
    private bool _isOver;
    private int _shown;
    private string? _verb;
    private RateMeter _rate;

    public ProgressReport(IOutput output, IProgressSource source, TimeProvider time, bool isJson)
    {
        _output = output;
        _source = source;
        _time = time;
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
        if (!_hasBegun && _source.Outset is { } outset)
        {
            _hasBegun = true;
            _output.WriteNote(outset);
        }
    }

    private void Show()
    {
        SayOutset();
        if (_source.Step is not { } step)
        {
            MakeRoom();
            return;
        }

        if (step.Verb != _verb)
        {
            (_verb, _rate) = (step.Verb, new RateMeter(_time));
        }

        // Files that grew since they were listed make it more.
        long? total = step.TotalBytes is { } listed ? Math.Max(listed, step.Bytes) : null;
        var facts = new ProgressFacts(step.Verb, step.What, step.Key, step.Bytes, total, _rate.Add(step.Bytes));
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
