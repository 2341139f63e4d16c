using Pgkeep.Output;

namespace Pgkeep.Demo;

/// <summary>Tells the demo's steps, each when it is done.</summary>
internal sealed class Story
{
    private const int TitleWidth = 18;
    private const int TextWidth = 68;
    private const int TimeWidth = 10;

    private readonly IOutput _output;
    private readonly TimeProvider _time;
    private readonly bool _isQuiet;
    private int _steps;

    public Story(IOutput output, TimeProvider time, bool isQuiet)
    {
        _output = output;
        _time = time;
        _isQuiet = isQuiet;
    }

    public Palette Palette => _output.ResultPalette;

    public void Say(string line)
    {
        if (!_isQuiet)
        {
            End(line);
        }
    }

    /// <summary>The line that <c>--quiet</c> leaves.</summary>
    public void End(string line)
    {
        _output.WriteResult(line);
        _output.Flush();
    }

    /// <param name="work">Returns what there is to tell of it.</param>
    /// <returns>How long it took.</returns>
    public async Task<TimeSpan> StepAsync(string title, Func<Task<string>> work)
    {
        var start = $"{++_steps,2}  {title.PadRight(TitleWidth)}";
        var began = _time.GetTimestamp();
        string text;
        try
        {
            text = await work();
        }
        catch (Exception thrown) when (thrown is not OperationCanceledException)
        {
            Say(start + Palette.Paint(Mark.Stop, "failed"));
            throw;
        }

        var duration = _time.GetElapsedTime(began);
        var time = DurationText.Of(duration).PadLeft(TimeWidth);
        foreach (var line in TextWrap.Lines(text, TextWidth))
        {
            Say((start + line.PadRight(TextWidth) + time).TrimEnd());
            (start, time) = (new string(' ', start.Length), "");
        }

        return duration;
    }
}
