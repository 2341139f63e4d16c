using Pgkeep.Check;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Storage;
using Xunit;

namespace Pgkeep.Tests.Check;

public sealed class ArchivedProofTests
{
    private static readonly RepositoryIdentity Repository = new(new SystemIdentifier(7), 15, WalSegmentSize.Default);

    [Theory]
    [InlineData("000000010000000000000005")]
    [InlineData("000000010000000000000004")]
    [InlineData("000000010000000000000005.00000028.backup")]
    [InlineData("00000002.history")]
    [InlineData("00000001.history")]
    public void What_is_stored_or_followed_by_something_later_is_no_loss(string lastArchived)
    {
        Assert.Null(ArchivedProof.FindLoss(Report(lastArchived), Inventory("000000010000000000000003.gz", "000000010000000000000005.gz", "00000002.history.gz")));
    }

    [Theory]
    [InlineData("000000010000000000000006")]
    [InlineData("000000020000000000000001")]
    [InlineData("000000010000000000000006.00000028.backup")]
    [InlineData("00000003.history")]
    [InlineData("000000010000000000000006.partial")]
    public void What_is_not_there_though_it_was_archived_is_told(string lastArchived)
    {
        var loss = ArchivedProof.FindLoss(Report(lastArchived), Inventory("000000010000000000000005.gz", "00000002.history.gz"));

        Assert.Contains(lastArchived, loss, StringComparison.Ordinal);
        Assert.Contains("stores nothing", loss, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_archive_is_no_loss_to_a_server_that_has_archived_nothing()
    {
        Assert.Null(ArchivedProof.FindLoss(Report(null), Inventory()));
        Assert.NotNull(ArchivedProof.FindLoss(Report("000000010000000000000001"), Inventory()));
    }

    [Fact]
    public void A_server_that_does_not_archive_itself_loses_nothing_here()
    {
        var report = Report("000000010000000000000006");

        Assert.Null(ArchivedProof.FindLoss(report with { IsInRecovery = true }, Inventory()));
        Assert.Null(ArchivedProof.FindLoss(report with { ArchiveMode = "off" }, Inventory()));
        Assert.Null(ArchivedProof.FindLoss(report with { HasCommand = false }, Inventory()));
        Assert.NotNull(ArchivedProof.FindLoss(report with { IsInRecovery = true, ArchiveMode = "always" }, Inventory()));
    }

    [Fact]
    public void Another_cluster_s_server_is_named_with_the_way_out()
    {
        Assert.Null(ArchivedProof.FindMismatch(Report(null) with { SystemIdentifier = Repository.SystemIdentifier }, Repository));
        Assert.Null(ArchivedProof.FindMismatch(Report(null), Repository));
        Assert.Contains("repository rotate", ArchivedProof.FindMismatch(Report(null) with { SystemIdentifier = new SystemIdentifier(8) }, Repository), StringComparison.Ordinal);
    }

    private static WalInventory Inventory(params string[] names) => WalInventory.Of(names.Select(name => new StoredObject(name, 1000, DateTimeOffset.UnixEpoch)));

    private static ArchiverReport Report(string? lastArchived) => new()
    {
        Now = DateTimeOffset.UnixEpoch,
        IsInRecovery = false,
        ArchiveMode = "on",
        HasCommand = true,
        ArchiveTimeout = TimeSpan.Zero,
        SegmentSize = WalSegmentSize.Default,
        LastArchived = lastArchived,
        Failures = 0,
        Since = DateTimeOffset.UnixEpoch,
        KnowsWaiting = true,
    };
}
