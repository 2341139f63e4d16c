using Pgkeep.Postgres;

namespace Pgkeep.Restore;

/// <summary>How long a restore may take, by the speed of the last one; null for what nobody can tell.</summary>
internal readonly record struct RestoreEstimate(TimeSpan? Copying, TimeSpan? Replaying)
{
    /// <param name="log">The restores' own.</param>
    public static RestoreEstimate Of(RestorePlan plan, string log)
    {
        if (RestoreSpeed.ReadLast(log) is not { } speed)
        {
            return default;
        }

        var (copying, replaying) = speed.Estimate(plan.Metadata.Sizes.PlainBytes, plan.Wal.Bytes(new WalSegmentSize(plan.Metadata.Cluster.WalSegmentSize)));
        return new RestoreEstimate(copying, replaying);
    }
}
