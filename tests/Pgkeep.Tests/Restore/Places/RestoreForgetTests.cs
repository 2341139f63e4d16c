using Pgkeep.Diagnostics;
using Pgkeep.Restore.Places;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore.Places;

public sealed class RestoreForgetTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2025, 1, 8, 14, 35, 12, TimeSpan.Zero);

    private readonly TemporaryDirectory _root = new();

    private string Data => Path.Combine(_root.Path, "data");

    private string Outside => Path.Combine(_root.Path, "outside");

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_aside_goes_and_nothing_that_a_link_in_it_leads_to(bool isEmptied)
    {
        var journal = Restore(isEmptied);

        RestoreForget.Plan(Data, null, all: false).Run(_ => { });

        Assert.False(Directory.Exists(journal.Places[0].Aside));
        Assert.Equal("not ours", File.ReadAllText(Path.Combine(Outside, "file")));
        Assert.True(File.Exists(Path.Combine(Data, "global/pg_control")));
        Assert.Equal(["data", "outside"], NamesIn(_root.Path));
        Assert.Equal(["global"], NamesIn(Data));
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    [InlineData(true, 0)]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    public void Broken_off_it_goes_on_and_a_rollback_says_so(bool isEmptied, int step)
    {
        var place = Restore(isEmptied).Become(RestoreState.Forgetting).Places[0];
        if (step > 0)
        {
            Directory.Move(place.Aside, place.Forgotten(place.Aside));
        }

        if (step > 1)
        {
            Directory.Delete(Path.Combine(place.Forgotten(place.Aside), "global"), recursive: true);
        }

        var refused = Assert.Throws<PgkeepException>(() => RestoreRollback.Plan(Data, stopServer: false));
        RestoreForget.Plan(Data, null, all: false).Run(_ => { });

        Assert.Contains("restore forget", string.Join(' ', refused.Hints), StringComparison.Ordinal);
        Assert.Equal(["data", "outside"], NamesIn(_root.Path));
        Assert.Equal(["global"], NamesIn(Data));
        Assert.Null(RestoreJournal.FindBrokenOff(Data));
    }

    [Fact]
    public void One_that_was_broken_off_is_refused()
    {
        var journal = Restore(isEmptied: false);
        File.Delete(Path.Combine(Data, "global/pg_control"));
        (journal with { IsOver = false }).Write();

        var failure = Assert.Throws<PgkeepException>(() => RestoreForget.Plan(Data, null, all: true));

        Assert.Contains("was broken off", failure.Message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(journal.Places[0].Aside));
    }

    [Fact]
    public void One_whose_recovery_somebody_has_yet_to_start_is_refused()
    {
        var journal = Restore(isEmptied: false);
        File.WriteAllText(Path.Combine(Data, "recovery.signal"), "");

        var failure = Assert.Throws<PgkeepException>(() => RestoreForget.Plan(Data, null, all: true));

        Assert.Contains("not known to have recovered", failure.Message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(journal.Places[0].Aside));
    }

    [Fact]
    public void Without_a_cluster_in_the_data_directory_nothing_is_removed()
    {
        var journal = Restore(isEmptied: false);
        Directory.Delete(Data, recursive: true);

        Assert.Throws<PgkeepException>(() => RestoreForget.Plan(Data, null, all: true));

        Assert.True(Directory.Exists(journal.Places[0].Aside));
    }

    [Fact]
    public void Of_several_one_must_be_named_or_all()
    {
        Restore(isEmptied: false);
        Restore(isEmptied: false);

        var failure = Assert.Throws<PgkeepException>(() => RestoreForget.Plan(Data, null, all: false));
        var named = RestoreForget.Plan(Data, "20250108T143512.2", all: false);
        var unknown = Assert.Throws<PgkeepException>(() => RestoreForget.Plan(Data, "20250108T143513", all: false));

        Assert.Contains("--all", failure.Hints[0], StringComparison.Ordinal);
        Assert.Equal("20250108T143512.2", Assert.Single(named.Chosen).Journal.Id);
        Assert.Contains("20250108T143512.2", string.Join(' ', unknown.Hints), StringComparison.Ordinal);
        Assert.Equal(2, RestoreForget.Plan(Data, null, all: true).Chosen.Count);
    }

    [Fact]
    public void What_an_undone_restore_wrote_goes_too()
    {
        Restore(isEmptied: false);
        var kept = Assert.Single(OldCluster.PutBack(RestoreJournal.Find(Data)!, discard: false));

        RestoreForget.Plan(Data, null, all: false).Run(_ => { });

        Assert.False(Directory.Exists(kept));
        Assert.Equal(["data", "outside"], NamesIn(_root.Path));
    }

    [Fact]
    public void With_nothing_aside_there_is_nothing_to_do() => Assert.Empty(RestoreForget.Plan(Data, null, all: true).Chosen);

    private static IReadOnlyList<string?> NamesIn(string directory) => [.. Directory.EnumerateFileSystemEntries(directory).Select(Path.GetFileName).Order(StringComparer.Ordinal)];

    /// <summary>Over, and with a link in the old cluster that leads elsewhere.</summary>
    private RestoreJournal Restore(bool isEmptied)
    {
        MakeCluster();
        Directory.CreateDirectory(Outside);
        File.WriteAllText(Path.Combine(Outside, "file"), "not ours");
        Directory.CreateSymbolicLink(Path.Combine(Data, "log"), Outside);
        var journal = RestoreJournal.Plan([new PlannedPlace(Data, true, isEmptied)], Now);
        OldCluster.MoveAside(journal);
        MakeCluster();
        var over = journal with { IsOver = true };
        over.Write();
        return over;
    }

    private void MakeCluster()
    {
        Directory.CreateDirectory(Path.Combine(Data, "global"));
        File.WriteAllBytes(Path.Combine(Data, "global/pg_control"), Fixture.Bytes("control/15.pg_control"));
    }
}
