using Pgkeep.Restore.Host;
using Xunit;

namespace Pgkeep.Tests.Restore.Host;

public sealed class LimitProofTests
{
    private static readonly Dictionary<string, string> Recorded = new() { ["max_connections"] = "200", ["max_worker_processes"] = "8" };

    [Fact]
    public void Only_what_is_lower_than_it_was_counts() => Assert.Equal(
        [new LowerLimit("max_connections", 100, 200)],
        LimitProof.LowerOnes(Recorded, [("max_connections", "100"), ("max_worker_processes", "16"), ("max_wal_senders", "0")]));

    [Fact]
    public void What_cannot_be_read_is_no_reason() => Assert.Empty(LimitProof.LowerOnes(Recorded, [("max_connections", null), ("max_worker_processes", "many")]));
}
