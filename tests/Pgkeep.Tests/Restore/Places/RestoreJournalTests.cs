using Pgkeep.Diagnostics;
using Pgkeep.Restore.Places;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore.Places;

public sealed class RestoreJournalTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2025, 10, 26, 2, 30, 0, TimeSpan.FromHours(2));

    private readonly TemporaryDirectory _place = new();

    private string Data => Path.Combine(_place.Path, "data.before-all");

    private string Tablespace => Path.Combine(_place.Path, "tablespace/PG_15_1");

    public void Dispose() => _place.Dispose();

    [Fact]
    public void Moved_aside_and_put_back_all_is_as_before()
    {
        var journal = Prepare();

        OldCluster.MoveAside(journal);
        var gone = Directory.Exists(Data);
        OldCluster.PutBack(RestoreJournal.Find(Data)!, discard: true);

        Assert.False(gone);
        Assert.Equal("old", File.ReadAllText(Path.Combine(Data, "PG_VERSION")));
        Assert.Equal("old", File.ReadAllText(Path.Combine(Tablespace, "file")));
        Assert.Null(RestoreJournal.Find(Data));
    }

    [Fact]
    public void What_the_restore_wrote_is_kept_beside_it()
    {
        OldCluster.MoveAside(Prepare());
        Write(Path.Combine(Data, "PG_VERSION"), "new");

        var kept = Assert.Single(OldCluster.PutBack(RestoreJournal.Find(Data)!, discard: false));

        Assert.StartsWith(Data + ".undone-", kept, StringComparison.Ordinal);
        Assert.Equal("new", File.ReadAllText(Path.Combine(kept, "PG_VERSION")));
        Assert.Equal("old", File.ReadAllText(Path.Combine(Data, "PG_VERSION")));
        Assert.Equal(RestoreState.Undone, Assert.Single(JournalFiles.Of(Data)).State);
    }

    [Fact]
    public void Where_one_place_cannot_be_moved_the_others_come_back_and_an_empty_one_stays()
    {
        var journal = Prepare();
        Directory.CreateDirectory(journal.Places[1].Aside);

        Assert.Throws<PgkeepException>(() => OldCluster.MoveAside(journal));

        Assert.Equal("old", File.ReadAllText(Path.Combine(Data, "PG_VERSION")));
        Assert.Null(RestoreJournal.Find(Data));
    }

    [Fact]
    public void An_empty_data_directory_is_not_moved_and_is_empty_again()
    {
        Directory.CreateDirectory(Data);
        OldCluster.MoveAside(RestoreJournal.Plan([new PlannedPlace(Data, false)], Now));
        Write(Path.Combine(Data, "base/1/1"), "new");

        OldCluster.PutBack(RestoreJournal.Find(Data)!, discard: true);

        Assert.Empty(Directory.EnumerateFileSystemEntries(Data));
    }

    [Theory]
    [InlineData(false, false, false, true)]
    [InlineData(false, true, true, true)]
    [InlineData(false, true, false, false)]
    [InlineData(true, true, true, false)]
    [InlineData(true, false, false, false)]
    public void Only_a_restore_that_never_became_a_cluster_is_broken_off(bool isOver, bool hasControl, bool hasSignal, bool expected)
    {
        var journal = RestoreJournal.Plan([new PlannedPlace(Data, false)], Now) with { IsOver = isOver };
        journal.Write();
        if (hasControl)
        {
            Write(Path.Combine(Data, "global/pg_control"), "");
        }

        if (hasSignal)
        {
            Write(Path.Combine(Data, "recovery.signal"), "");
        }

        Assert.Equal(expected, RestoreJournal.FindBrokenOff(Data) is not null);
    }

    [Fact]
    public void The_newest_one_counts_also_within_a_second_and_in_a_repeated_hour()
    {
        RestoreJournal.Plan([new PlannedPlace(Data, false)], Now).Write();
        RestoreJournal.Plan([new PlannedPlace(Data, false)], Now.AddMilliseconds(1)).Write();
        var later = new DateTimeOffset(2025, 10, 26, 2, 10, 0, TimeSpan.FromHours(1));
        RestoreJournal.Plan([new PlannedPlace(Data, false)], later).Write();

        Assert.Equal(later, RestoreJournal.Find(Data)!.Started);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"data_directory":"/other","places":[{"path":"/other","aside":"/other.before-1","had_content":true}],"started":"2025-01-01T00:00:00Z"}""")]
    [InlineData("""{"data_directory":"/other","places":[],"started":"2025-01-01T00:00:00Z"}""")]
    public void A_damaged_or_foreign_journal_is_refused(string text)
    {
        _place.Write("data.before-all.before-1.journal", text);

        var failure = Assert.Throws<PgkeepException>(() => RestoreJournal.Find(Data));

        Assert.Equal(ErrorKind.RepositoryCorrupt, failure.Kind);
    }

    [Fact]
    public void Beside_a_directory_that_does_not_exist_there_is_none() => Assert.Null(RestoreJournal.Find("/nonexistent/parent/data"));

    private static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private RestoreJournal Prepare()
    {
        Write(Path.Combine(Data, "PG_VERSION"), "old");
        Write(Path.Combine(Tablespace, "file"), "old");
        return RestoreJournal.Plan([new PlannedPlace(Data, true), new PlannedPlace(Tablespace, true), new PlannedPlace(Path.Combine(_place.Path, "empty/PG_15_1"), false)], Now);
    }
}
