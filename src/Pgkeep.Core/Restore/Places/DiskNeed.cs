namespace Pgkeep.Restore.Places;

/// <summary>What a restore needs on one file system beside everything that is there.</summary>
/// <param name="Place">A directory on it.</param>
/// <param name="Holds">What of the cluster comes to lie there, for a person.</param>
/// <param name="Needed">Bytes that are written for certain.</param>
/// <param name="Replay">Bytes of WAL that the recovery may keep beside them for a while.</param>
/// <param name="Free">To an ordinary account.</param>
internal sealed record DiskNeed(string Place, IReadOnlyList<string> Holds, long Needed, long Replay, long Free)
{
    public bool IsTooSmall => Needed > Free;

    /// <summary>The copy fits, and the replay may not.</summary>
    public bool IsTight => !IsTooSmall && Needed + Replay > Free;
}
