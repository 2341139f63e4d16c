using System.Globalization;

namespace Pgkeep.Restore;

/// <summary>How a recovery's get-wal fetches ahead.</summary>
/// <param name="Segments">0 for not at all.</param>
/// <param name="Place">Absolute; null for beside the data directory.</param>
/// <param name="Jobs">How many at a time.</param>
internal sealed record RecoveryFetch(int Segments, string? Place, int Jobs)
{
    /// <summary>As get-wal takes them: no configuration file is read during the recovery.</summary>
    public IReadOnlyList<string> Words =>
    [
        "--prefetch", Segments.ToString(CultureInfo.InvariantCulture), "--jobs", Jobs.ToString(CultureInfo.InvariantCulture),
        .. Place is null ? Array.Empty<string>() : ["--prefetch-dir", Place],
    ];
}
