using System.Globalization;
using System.Text.RegularExpressions;
using Pgkeep.Posix;

namespace Pgkeep.Restore;

/// <summary>How fast the last restore was that this machine's restore log tells of: what the next one may take is estimated from it, and from nothing else.</summary>
/// <param name="Copied">Bytes of files.</param>
/// <param name="Replayed">Bytes of WAL.</param>
internal sealed partial record RestoreSpeed(long Copied, TimeSpan Copying, long Replayed, TimeSpan Replaying)
{
    /// <summary>The last lines of a long log are enough.</summary>
    private const int TailLength = 1024 * 1024;

    /// <summary>Shorter replays are mostly the start of a server.</summary>
    private static readonly TimeSpan Telling = TimeSpan.FromSeconds(2);

    /// <summary>As it stands in the log.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"Speed: {Copied} bytes copied in {Copying.TotalSeconds:0.000} s, {Replayed} bytes of WAL replayed in {Replaying.TotalSeconds:0.000} s");

    /// <summary>Null where the log has none, or cannot be read.</summary>
    public static RestoreSpeed? ReadLast(string log)
    {
        try
        {
            using var file = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Seek(-Math.Min(file.Length, TailLength), SeekOrigin.End);
            using var reader = new StreamReader(file);
            return Find(reader.ReadToEnd());
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return null;
        }
    }

    public static RestoreSpeed? Find(string text) => Pattern().Matches(text).LastOrDefault() is { } match
        && long.TryParse(match.Groups["copied"].ValueSpan, CultureInfo.InvariantCulture, out var copied)
        && long.TryParse(match.Groups["replayed"].ValueSpan, CultureInfo.InvariantCulture, out var replayed)
            ? new RestoreSpeed(copied, Seconds(match.Groups["copying"]), replayed, Seconds(match.Groups["replaying"]))
            : null;

    /// <param name="files">Bytes to be copied.</param>
    /// <param name="wal">Bytes to be replayed.</param>
    /// <returns>Null for what that restore did not do long enough to tell.</returns>
    public (TimeSpan? Copying, TimeSpan? Replaying) Estimate(long files, long wal) => (Scale(Copying, Copied, files), Replaying < Telling ? null : Scale(Replaying, Replayed, wal));

    private static TimeSpan? Scale(TimeSpan taken, long bytes, long next) => bytes > 0 && taken > TimeSpan.Zero ? TimeSpan.FromSeconds(Math.Min(taken.TotalSeconds * next / bytes, 1e8)) : null;

    private static TimeSpan Seconds(Group group) => TimeSpan.FromSeconds(Math.Min(double.Parse(group.ValueSpan, CultureInfo.InvariantCulture), 1e8));

    [GeneratedRegex(@"^\[[^\]]+\] Speed: (?<copied>\d{1,18}) bytes copied in (?<copying>\d{1,9}\.\d{3}) s, (?<replayed>\d{1,18}) bytes of WAL replayed in (?<replaying>\d{1,9}\.\d{3}) s\r?$", RegexOptions.Multiline)]
    private static partial Regex Pattern();
}
