using Pgkeep.Backup;
using Pgkeep.Backup.Frames;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Backup;

public sealed class PageFindingsTests
{
    private static readonly Lsn Start = new(100);
    private static readonly Lsn Stop = new(200);

    [Theory]
    [InlineData(99, false)]
    [InlineData(100, true)]
    [InlineData(200, true)]
    [InlineData(201, false)]
    public void Only_a_page_written_during_the_backup_is_excused(int lsn, bool isExcused)
    {
        SuspectPage[] suspects = [new("base/1/2", 7, new Lsn((ulong)lsn))];

        Assert.Equal(isExcused ? ["base/1/2 block 7"] : [], PageFindings.ExcusedOf(suspects, Start, Stop));
        Assert.Equal(isExcused ? [] : ["base/1/2 block 7 is damaged: its checksum does not fit"], PageFindings.DamagedOf(suspects, 0, Start, Stop));
    }

    [Fact]
    public void Those_that_were_too_many_to_keep_are_a_finding_together() =>
        Assert.Equal(["and 5 more pages whose checksums do not fit"], PageFindings.DamagedOf([], 5, Start, Stop));
}
