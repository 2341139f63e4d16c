using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Retention;
using Pgkeep.Storage;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Retention;

public sealed class WalRetentionTests
{
    private static readonly DateTimeOffset WindowStart = new(2025, 1, 13, 0, 0, 0, TimeSpan.Zero);
    private static readonly BackupMetadata Backup = MadeUpBackup.Usable(1, WindowStart, timeline: 2, segment: 5).Metadata!;
    private static readonly HashSet<TimelineId> Ancestry = [TimelineId.First, new TimelineId(2)];

    [Theory]
    [InlineData("000000010000000000000004.gz", true)]
    [InlineData("000000010000000000000004", true)]
    [InlineData("000000010000000000000004.00000028.backup.gz", true)]
    [InlineData("000000010000000000000004.partial.gz", true)]
    [InlineData("000000020000000000000004.gz", true)]
    [InlineData("000000010000000000000005.gz", false)]
    [InlineData("000000020000000000000005.gz", false)]
    [InlineData("000000020000000000000005.00000028.backup.gz", false)]
    [InlineData("000000020000000100000000.gz", false)]
    [InlineData("00000002.history.gz", false)]
    [InlineData("archive.log", false)]
    [InlineData("notes.txt", false)]
    public void What_lies_before_every_kept_backup_goes(string name, bool goes)
    {
        Assert.Equal(goes, Goes(name, WindowStart.AddDays(1)));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(-1, true)]
    public void A_timeline_that_leads_to_no_backup_stays_for_the_retention(int days, bool goes)
    {
        Assert.Equal(goes, Goes("000000030000000000000002.gz", WindowStart.AddDays(days)));
    }

    [Fact]
    public void Nothing_goes_without_a_backup()
    {
        var inventory = WalInventory.Of([new StoredObject("000000010000000000000001.gz", 1, WindowStart)]);

        Assert.Empty(WalRetention.Unneeded(inventory, [], Ancestry, WalSegmentSize.Default, WindowStart));
    }

    private static bool Goes(string name, DateTimeOffset modified) =>
        WalRetention.Unneeded(WalInventory.Of([new StoredObject(name, 1, modified)]), [Backup], Ancestry, WalSegmentSize.Default, WindowStart).Count == 1;
}
