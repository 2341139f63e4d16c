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

    /// <returns>An empty text where no time has passed yet.</returns>
    public static string Rate(long sizeInBytes, TimeSpan duration) =>
        duration > TimeSpan.Zero ? Of((long)(sizeInBytes / duration.TotalSeconds)) + "/s" : "";
}
