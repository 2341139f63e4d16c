using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Restore.Copies;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore.Copies;

public sealed class CopyPlacesTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2025, 1, 8, 14, 0, 0, TimeSpan.Zero);
    private static readonly Account Owner = Account.Find(Account.CurrentUserId)!;

    private readonly TemporaryDirectory _directory = new();

    private string Data => _directory.PathOf("copy");

    private string Tablespace => _directory.PathOf("copy.tablespaces/16384");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_was_not_there_is_gone_again()
    {
        using var places = Begin();
        Fill(Data);
        Fill(Tablespace);

        places.Remove();

        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void A_directory_that_was_there_stays_empty()
    {
        Directory.CreateDirectory(Data);
        using var places = Begin();
        Fill(Data);

        places.Remove();

        Assert.Empty(Directory.EnumerateFileSystemEntries(Data));
    }

    [Fact]
    public void What_is_kept_carries_no_marker_and_is_never_taken_over()
    {
        using (var places = Begin())
        {
            Fill(Data);
            places.Keep();
        }

        Assert.Null(CopyPlaces.TakeOver(Data));
        Assert.Equal(["base", "PG_VERSION"], Names(Data));
    }

    [Fact]
    public void What_a_process_left_that_is_gone_is_taken_over_and_removed()
    {
        Begin().Dispose();
        Fill(Data);
        Fill(Tablespace);

        using (var left = CopyPlaces.TakeOver(Data)!)
        {
            left.Remove();
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void What_another_is_just_making_is_not_taken_over()
    {
        using var places = Begin();

        var thrown = Assert.Throws<PgkeepException>(() => CopyPlaces.TakeOver(Data));

        Assert.Equal(ErrorKind.RepositoryLocked, thrown.Kind);
    }

    [Fact]
    public void A_place_without_the_copy_s_marker_is_left_alone_whatever_another_marker_says()
    {
        Begin().Dispose();
        Fill(Data);
        Fill(Tablespace);
        File.Delete(CopyMarker.PathIn(Tablespace));

        using (var left = CopyPlaces.TakeOver(Data)!)
        {
            left.Remove();
        }

        Assert.False(Directory.Exists(Data));
        Assert.Equal(["base", "PG_VERSION"], Names(Tablespace));
    }

    [Fact]
    public void A_marker_that_was_moved_with_its_directory_counts_for_nothing()
    {
        Begin().Dispose();
        Fill(Data);
        Directory.Move(Data, _directory.PathOf("moved"));

        Assert.Null(CopyPlaces.TakeOver(_directory.PathOf("moved")));
    }

    [Fact]
    public void A_directory_with_something_in_it_is_refused_and_stays_as_it_is()
    {
        Fill(Tablespace);

        Assert.Throws<PgkeepException>(Begin);

        Assert.Equal(["base", "PG_VERSION"], Names(Tablespace));
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public void A_link_in_the_copy_is_removed_and_not_what_it_leads_to()
    {
        var other = _directory.PathOf("other");
        Fill(other);
        using var places = Begin();
        File.CreateSymbolicLink(Path.Combine(Data, "link"), other);

        places.Remove();

        Assert.Equal(["base", "PG_VERSION"], Names(other));
    }

    private static void Fill(string directory)
    {
        Directory.CreateDirectory(Path.Combine(directory, "base", "1"));
        File.WriteAllText(Path.Combine(directory, "PG_VERSION"), "15\n");
    }

    private static IEnumerable<string> Names(string directory) => Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path)!).Where(name => name != CopyMarker.FileName).Order(StringComparer.OrdinalIgnoreCase);

    private CopyPlaces Begin() => CopyPlaces.Begin([Data, Tablespace], Owner, Now);
}
