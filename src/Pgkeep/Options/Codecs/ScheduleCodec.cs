using System.Globalization;

namespace Pgkeep.Options.Codecs;

/// <summary>
/// When cron starts something: five fields as crontab(5) has them, or one of its names such as <c>@daily</c>. Checked here, because cron
/// itself refuses the whole table for one wrong line, or worse, takes a field for a part of the command.
/// </summary>
internal sealed class ScheduleCodec : ICodec<string>
{
    private const int FieldCount = 5;

    private static readonly string[] Nicknames = ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"];
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private static readonly Field[] Fields = [new(0, 59, []), new(0, 23, []), new(1, 31, []), new(1, 12, Months), new(0, 7, Days)];

    public static ScheduleCodec Instance { get; } = new();

    public string Placeholder => "SCHEDULE";

    public string Expected => $"five fields (minute, hour, day, month, weekday) such as \"30 2 * * *\", or one of {string.Join(", ", Nicknames)}";

    public string Parse(string text)
    {
        if (Nicknames.Contains(text))
        {
            return text;
        }

        var fields = text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return fields.Length == FieldCount && fields.Zip(Fields).All(pair => pair.First.Split(',').All(pair.Second.IsPart))
            ? string.Join(' ', fields)
            : throw new FormatException();
    }

    /// <param name="Names">Of its values, from the first one on.</param>
    private sealed record Field(int First, int Last, string[] Names)
    {
        /// <summary>A star, a value or a range; a step only where there is something to step through.</summary>
        public bool IsPart(string text)
        {
            var slash = text.IndexOf('/', StringComparison.Ordinal);
            var range = slash < 0 ? text : text[..slash];
            var isStepped = slash >= 0;
            if (isStepped && !(TryReadNumber(text[(slash + 1)..], out var step) && step >= 1 && step <= Last))
            {
                return false;
            }

            var dash = range.IndexOf('-', StringComparison.Ordinal);
            return range == "*"
                || (dash < 0
                    ? !isStepped && TryRead(range, out _)
                    : TryRead(range[..dash], out var from) && TryRead(range[(dash + 1)..], out var to) && from <= to);
        }

        private bool TryRead(string text, out int value)
        {
            var name = Array.IndexOf(Names, text.ToLowerInvariant());
            value = First + name;
            return name >= 0 || (TryReadNumber(text, out value) && value >= First && value <= Last);
        }

        private static bool TryReadNumber(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
