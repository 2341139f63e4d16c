using System.Globalization;

namespace Pgkeep.Diagnostics;

/// <summary>Sizes as people read them.</summary>
internal static class SizeText
{
    /// <summary>As in the runbook's log and <c>du -h</c>: powers of 1024 and a letter, such as <c>2.3G</c>.</summary>
    public static string Short(long bytes)
    {
        const string letters = "BKMGTPE";
        var value = (double)bytes;
        var letter = 0;
        for (; value >= 1024; letter++)
        {
            value /= 1024;
        }

        var format = letter == 0 || value >= 10 ? "0" : "0.0";
        return value.ToString(format, CultureInfo.InvariantCulture) + letters[letter];
    }
}
