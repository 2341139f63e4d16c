using System.Globalization;

namespace Pgkeep.Output;

/// <summary>Sizes and rates for people: powers of 1000, two or three digits, <c>2.9 GB</c>, <c>496 MB</c>, <c>912 MB/s</c>.</summary>
internal static class ByteSizeText
{
    private const double Step = 1000;

    // From here on 9.95 would be shown as 10.0, and 999.5 as 1000: both belong to the next coarser form.
    private const double LargestWithDecimal = 9.95;
    private const double LargestWhole = 999.5;

    private static readonly string[] Units = ["bytes", "kB", "MB", "GB", "TB", "PB"];

    public static string Of(long sizeInBytes)
    {
        double value = sizeInBytes;
        var unit = 0;
        while (Math.Abs(value) >= LargestWhole && unit < Units.Length - 1)
        {
            value /= Step;
            unit++;
        }

        var format = unit > 0 && Math.Abs(value) < LargestWithDecimal ? "0.0" : "0";
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {Units[unit]}";
    }

    /// <summary>A part of a whole in the whole's unit, three digits: <c>1.97 of 2.89 GB</c>.</summary>
    public static string Share(long partInBytes, long wholeInBytes)
    {
        double whole = wholeInBytes;
        double part = partInBytes;
        var unit = 0;
        for (; whole >= LargestWhole && unit < Units.Length - 1; unit++)
        {
            whole /= Step;
            part /= Step;
        }

        var format = unit == 0 || whole >= 99.95 ? "0" : whole >= 9.995 ? "0.0" : "0.00";
        return string.Create(CultureInfo.InvariantCulture, $"{part.ToString(format, CultureInfo.InvariantCulture)} of {whole.ToString(format, CultureInfo.InvariantCulture)} {Units[unit]}");
    }

    /// <returns>An empty text where no time has passed yet.</returns>
    public static string Rate(long sizeInBytes, TimeSpan duration) =>
        duration > TimeSpan.Zero ? Of((long)(sizeInBytes / duration.TotalSeconds)) + "/s" : "";
}
