namespace Pgkeep.Output;

/// <summary>
/// Columns that line up, two blanks apart. The last column is broken into lines where it would pass the width; what stands before it is
/// never cut.
/// </summary>
internal sealed class TextTable
{
    private const string Gap = "  ";
    private const int NarrowestLastColumn = 20;

    private readonly List<string[]> _rows = [];
    private readonly string _indent;
    private readonly IReadOnlyList<Align> _alignment;

    /// <param name="alignment">By column; what is not named stands at the left.</param>
    public TextTable(string indent = "", params IReadOnlyList<Align> alignment)
    {
        _indent = indent;
        _alignment = alignment;
    }

    public int RowCount => _rows.Count;

    public void Add(params string[] cells) => _rows.Add(cells);

    public void WriteTo(Action<string> writeLine)
    {
        var widths = Enumerable.Range(0, _rows.Max(row => (int?)row.Length) ?? 0)
            .Select(column => _rows.Max(row => column < row.Length ? Palette.VisibleLength(row[column]) : 0))
            .ToList();
        foreach (var row in _rows)
        {
            WriteRow(row, widths, writeLine);
        }
    }

    private void WriteRow(string[] row, List<int> widths, Action<string> writeLine)
    {
        var last = widths.Count - 1;
        var start = _indent + string.Concat(Enumerable.Range(0, last).Select(column => Pad(row, column, widths[column]) + Gap));
        var tail = last < row.Length ? row[last] : "";
        var indent = Palette.VisibleLength(start);
        if (indent + Palette.VisibleLength(tail) <= TextWrap.Width)
        {
            writeLine((start + (IsRight(last) ? Pad(row, last, widths[last]) : tail)).TrimEnd());
            return;
        }

        foreach (var line in TextWrap.Lines(tail, Math.Max(TextWrap.Width - indent, NarrowestLastColumn)))
        {
            writeLine(start + line);
            start = new string(' ', indent);
        }
    }

    private string Pad(string[] row, int column, int width)
    {
        var cell = column < row.Length ? row[column] : "";
        var blanks = new string(' ', width - Palette.VisibleLength(cell));
        return IsRight(column) ? blanks + cell : cell + blanks;
    }

    private bool IsRight(int column) => column < _alignment.Count && _alignment[column] == Align.Right;
}
