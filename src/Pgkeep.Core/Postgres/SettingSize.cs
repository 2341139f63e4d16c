namespace Pgkeep.Postgres;

/// <summary>A size as SHOW writes it: a whole number and its unit, such as <c>16MB</c>; without one, bytes (src/backend/utils/misc/guc.c, memory_unit_conversion_table).</summary>
internal static class SettingSize
{
    private static readonly (string Unit, long Bytes)[] Units = [("kB", 1L << 10), ("MB", 1L << 20), ("GB", 1L << 30), ("TB", 1L << 40), ("B", 1)];

    public static bool TryParse(string text, out long bytes)
    {
        var (unit, factor) = Units.FirstOrDefault(unit => text.EndsWith(unit.Unit, StringComparison.Ordinal), ("", 1));
        var isNumber = Digits.TryParsePositive(text.AsSpan(0, text.Length - unit.Length), out var number);
        bytes = number * factor;
        return isNumber;
    }
}
