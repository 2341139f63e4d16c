using System.Globalization;

namespace Pgkeep.Repository;

/// <summary>
/// <c>backup_YYYYMMDD_HHMMSS</c>, the local time of the backup's start. For people: nothing is decided by it, since clocks change and
/// hours repeat.
/// </summary>
internal readonly record struct BackupName(DateTime LocalTime) : IComparable<BackupName>
{
    public const string Prefix = "backup_";

    private const string Format = "yyyyMMdd_HHmmss";

    public static bool TryParse(string text, out BackupName name)
    {
        var time = default(DateTime);
        var parsed = text.StartsWith(Prefix, StringComparison.Ordinal)
            && DateTime.TryParseExact(text.AsSpan(Prefix.Length), Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out time);
        name = new BackupName(time);
        return parsed;
    }

    public BackupName NextSecond() => new(LocalTime.AddSeconds(1));

    public int CompareTo(BackupName other) => LocalTime.CompareTo(other.LocalTime);

    public override string ToString() => Prefix + LocalTime.ToString(Format, CultureInfo.InvariantCulture);
}
