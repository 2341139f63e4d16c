using System.Globalization;
using Pgkeep.Output;

namespace Pgkeep.Commands.Walk;

/// <summary>The lines of the screen: the moments, and below them the one under the cursor with the commands that lead to it.</summary>
internal sealed class WalkScreen
{
    private const string Here = "> ";
    private const string Elsewhere = "  ";
    private const int LabelWidth = 10;
    private const int XidWidth = 11;

    /// <summary>Below it a moment's time is told in short.</summary>
    private const int WideEnough = 70;

    private readonly Palette _palette;
    private readonly string _searched;
    private readonly string? _concern;

    /// <param name="searched">Behind the number of moments.</param>
    /// <param name="concern">What makes the moments less than they seem; null where nothing does.</param>
    public WalkScreen(Palette palette, string searched, string? concern) => (_palette, _searched, _concern) = (palette, searched, concern);

    /// <returns>At most as many as the screen has rows.</returns>
    public IReadOnlyList<string> Draw(WalkState state, ScreenSize size)
    {
        var layout = WalkLayout.Of(size, state.Moments.Count);
        var (width, shown) = (layout.Width, state.Fit(layout.ListRows));
        var lines = new List<string>();
        AddIf(layout.HasTitle, Title(shown, width));
        AddIf(layout.HasHeading, ScreenText.Fit(Row(Elsewhere, "commit", "transaction", "+ inserted, ~ updated, - deleted", width), width));
        for (var row = 0; row < layout.ListRows; row++)
        {
            lines.Add(shown.Top + row < shown.Moments.Count ? ListRow(shown, shown.Top + row, width) : "");
        }

        AddIf(layout.HasRule, new string('-', width));
        var details = Details(shown, width, layout.DetailRows);
        for (var row = 0; row < layout.DetailRows; row++)
        {
            lines.Add(row < details.Count ? details[row] : "");
        }

        AddIf(layout.HasKeys, ScreenText.Fit(width < WideEnough ? "Enter print  Tab before/after  q leave" : "Up/Down move   Tab before/after   Enter print the command   q leave", width));
        return lines;

        void AddIf(bool isThere, string line)
        {
            if (isThere)
            {
                lines.Add(line);
            }
        }
    }

    private string Title(WalkState state, int width)
    {
        var (index, count) = (Number(state.Index + 1), Number(state.Moments.Count));
        if (width < WideEnough)
        {
            return _concern is null ? ScreenText.Fit($"{index}/{count} {state.Current.Time}", width) : _palette.Paint(Mark.Look, ScreenText.Fit($"{index}/{count} look: {_concern}", width));
        }

        var title = ScreenText.Fit($"{index} of {count}{_searched}", width);
        var rest = width - title.Length - Elsewhere.Length;
        return _concern is null || rest <= 0 ? title : title + Elsewhere + _palette.Paint(Mark.Look, ScreenText.Fit($"look: {_concern}", rest));
    }

    private string ListRow(WalkState state, int index, int width)
    {
        var moment = state.Moments[index];
        var isHere = index == state.Index;
        var row = Row(isHere ? Here : Elsewhere, width < WideEnough ? moment.ShortTime : moment.Time, moment.Xid, moment.Summary, width);
        return isHere ? _palette.Reverse(ScreenText.Pad(row, width)) : ScreenText.Fit(row, width);
    }

    private static string Row(string mark, string time, string xid, string what, int width) =>
        width < WideEnough ? $"{mark}{time,-14} {what}" : $"{mark}{time,-30}  {xid.PadLeft(XidWidth)}  {what}";

    /// <summary>Where there is not room for all, the command that Enter prints has it.</summary>
    private static List<string> Details(WalkState state, int width, int rows)
    {
        var moment = state.Current;
        var chosen = state.Command;
        var description = Block(moment.Title, moment.Description, width);
        var commands = moment.Commands
            .Select(command => (IsChosen: command == chosen, Lines: Block((command == chosen ? Here : Elsewhere) + command.Label, [command.Text], width)))
            .ToList();
        var hasRoom = description.Count + commands.Sum(command => command.Lines.Count) <= rows;
        var shown = commands.Count == 0
            ? Block("", ["nothing to restore: it took nothing away that lasted"], width)
            : commands.Where(command => hasRoom || command.IsChosen).SelectMany(command => command.Lines).ToList();
        return [.. description.Take(Math.Max(0, rows - shown.Count)), .. shown, .. Block("did", moment.Did, width)];
    }

    /// <summary>The label stands in a column of its own where that leaves room enough for the text.</summary>
    private static List<string> Block(string label, IEnumerable<string> texts, int width)
    {
        if (width < WideEnough)
        {
            return [.. texts.SelectMany((text, index) => ScreenText.Wrap(index == 0 ? $"{label} {text}" : text, width))];
        }

        var lines = texts.SelectMany(text => ScreenText.Wrap(text, width - LabelWidth));
        return [.. lines.Select((line, index) => (index == 0 ? label : "").PadRight(LabelWidth) + line)];
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
