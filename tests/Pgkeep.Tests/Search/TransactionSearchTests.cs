using Pgkeep.Postgres;
using Pgkeep.Search;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Search;

/// <summary>A database <c>shop</c> with the tables orders (file 20001), items (20002), and a view; what is found, by what was written.</summary>
public sealed class TransactionSearchTests : IDisposable
{
    private const uint Orders = 20001;
    private const uint Items = 20002;

    private readonly List<TransactionSearch> _searches = [];

    public void Dispose() => _searches.ForEach(search => search.Dispose());

    [Fact]
    public void Rows_are_counted_by_table_and_operation_with_subtransactions_that_did_not_roll_back()
    {
        var (wal, search) = Begin(new FindQuery { MinRows = 1 });
        wal.Delete(100, Orders);
        wal.Delete(100, Orders, 2);
        wal.Insert(101, Items);
        wal.Insert(102, Items);
        wal.Abort(102);
        wal.InsertMany(103, Items, new byte[50], new byte[51], new byte[52]);
        wal.Update(103, Orders, 1, 2, new byte[60]);
        wal.Commit(100, subtransactions: [101, 103]);

        var found = Assert.Single(search.Found);

        Assert.Equal(["shop.public.items +4 ~0 -0 None", "shop.public.orders +0 ~1 -2 None"], Describe(found));
        Assert.Equal((100u, wal.Last, (DateTimeOffset?)CatalogWal.Noon, TransactionOutcome.Committed), (found.Xid, found.End!.Value, found.Time, found.Outcome));
    }

    [Fact]
    public void A_table_that_gets_an_empty_file_was_truncated()
    {
        var (wal, search) = Begin(new FindQuery { Operations = [FoundOperation.Truncate] });
        wal.Update(100, CatalogWal.RelationsFile, 1, 11, CatalogWal.Relation(17001, "orders", 20500), prefix: 88, suffix: 40);
        wal.Insert(100, 20500);
        wal.Commit(100, unlinked: [Orders]);
        wal.Delete(101, 20500);
        wal.Commit(101);

        Assert.Equal(["shop.public.orders +1 ~0 -0 Truncated"], Describe(Assert.Single(search.Found)));
    }

    [Fact]
    public void At_wal_level_logical_a_record_tells_of_a_truncation()
    {
        var (wal, search) = Begin(new FindQuery { Operations = [FoundOperation.Truncate] });
        wal.Add(10, 0x30, 100, [5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, .. BitConverter.GetBytes(17002u)]);
        wal.Commit(100);

        Assert.Equal(["shop.public.items +0 ~0 -0 Truncated"], Describe(Assert.Single(search.Found)));
    }

    [Fact]
    public void A_table_that_was_filled_under_another_name_was_rewritten()
    {
        var (wal, search) = Begin(new FindQuery { Table = Table("orders") });
        wal.Insert(100, CatalogWal.RelationsFile, 11, CatalogWal.Relation(17500, "pg_temp_17001", 20500));
        wal.Insert(100, 20500);
        wal.Update(100, CatalogWal.RelationsFile, 1, 12, CatalogWal.Relation(17001, "orders", 20500), prefix: 88);
        wal.Update(100, CatalogWal.RelationsFile, 11, 13, CatalogWal.Relation(17500, "pg_temp_17001", Orders), prefix: 88, suffix: 30);
        wal.Delete(100, CatalogWal.RelationsFile, 13);
        wal.Commit(100, unlinked: [Orders]);
        wal.Delete(101, 20500);
        wal.Commit(101);

        Assert.Equal(["shop.public.orders +0 ~0 -0 Rewritten"], Describe(search.Found[0]));
        Assert.Equal(["shop.public.orders +0 ~0 -1 None"], Describe(search.Found[1]));
    }

    [Fact]
    public void A_table_whose_row_and_file_go_was_dropped()
    {
        var (wal, search) = Begin(new FindQuery { Table = Table("shop.public.items"), Operations = [FoundOperation.Drop] });
        wal.Delete(100, CatalogWal.RelationsFile, 2);
        wal.Abort(100);
        wal.Delete(101, CatalogWal.RelationsFile, 2);
        wal.Commit(101, unlinked: [Items]);

        Assert.Equal((101u, "shop.public.items +0 ~0 -0 Dropped"), (Assert.Single(search.Found).Xid, Assert.Single(Describe(search.Found[0]))));
    }

    [Fact]
    public void A_table_that_comes_and_goes_after_the_backup_has_its_name()
    {
        var (wal, search) = Begin(new FindQuery { Table = Table("new") });
        wal.InsertMany(100, CatalogWal.RelationsFile, CatalogWal.Relation(17600, "other", 20600), CatalogWal.Relation(17601, "new", 20601));
        wal.Insert(100, 20601);
        wal.Commit(100);
        wal.Update(101, CatalogWal.RelationsFile, 2, 20, CatalogWal.Relation(17601, "newer", 20601));
        wal.Commit(101);
        wal.Delete(102, 20601);
        wal.Commit(102);
        wal.Delete(103, CatalogWal.RelationsFile, 20);
        wal.Commit(103, unlinked: [20601]);

        Assert.Equal(["shop.public.new +1 ~0 -0 Created"], Describe(Assert.Single(search.Found)).Where(line => !line.Contains("other", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_is_rolled_back_has_the_old_name_again()
    {
        var (wal, search) = Begin(new FindQuery { Table = Table("orders") });
        wal.Update(100, CatalogWal.RelationsFile, 1, 11, CatalogWal.Relation(17001, "renamed", 20500));
        wal.Abort(100);
        wal.Delete(101, Orders);
        wal.Commit(101);

        Assert.Equal(["shop.public.orders +0 ~0 -1 None"], Describe(Assert.Single(search.Found)));
    }

    [Fact]
    public void A_transaction_that_a_crash_has_cut_off_is_rolled_back()
    {
        var (wal, search) = Begin(new FindQuery { Table = Table("orders") });
        wal.Update(100, CatalogWal.RelationsFile, 1, 11, CatalogWal.Relation(17001, "renamed", Orders));
        wal.Running(next: 102, oldest: 101);
        wal.Delete(102, Orders);
        wal.Commit(102);

        Assert.Equal(["shop.public.orders +0 ~0 -1 None"], Describe(Assert.Single(search.Found)));
    }

    [Fact]
    public void One_that_was_under_way_at_the_beginning_may_have_changed_more()
    {
        var (wal, search) = Begin(new FindQuery { Table = Table("orders") });
        wal.Running(next: 102, oldest: 100, 100);
        wal.Delete(100, Orders);
        wal.Commit(100);
        wal.Delete(102, Orders);
        wal.Commit(102);

        Assert.Equal([true, false], search.Found.Select(found => found.MayHaveBegunBefore));
    }

    [Fact]
    public void Before_a_database_was_marked_as_invalid_it_was_whole()
    {
        var (wal, search) = Begin(new FindQuery { DropsDatabase = true });
        wal.InsertDatabase(100, 7, CatalogWal.DatabaseRow(16700, "doomed"));
        wal.Commit(100);
        wal.Delete(101, Orders);
        var marked = wal.Invalidate(16700, "doomed", 7);
        wal.DeleteDatabase(102, 7);
        wal.RemoveFiles(102, 16700);
        wal.Commit(102);

        var found = Assert.Single(search.Found);

        Assert.Equal((102u, marked), (found.Xid, found.RestoreBefore!.Value));
        Assert.Equal(["doomed"], found.DroppedDatabases.Select(database => database.Name));
    }

    [Fact]
    public void A_database_that_moves_is_not_dropped()
    {
        var (wal, search) = Begin(new FindQuery { DropsDatabase = true });
        wal.RemoveFiles(102, CatalogWal.Database);
        wal.Commit(102);

        Assert.Empty(search.Found);
    }

    [Fact]
    public void Only_the_time_that_is_asked_for_counts()
    {
        var (wal, search) = Begin(new FindQuery { Table = Table("orders"), Since = CatalogWal.Noon, Until = CatalogWal.Noon.AddMinutes(1) });
        for (var minute = -1; minute <= 2; minute++)
        {
            var xid = (uint)(200 + minute);
            wal.Delete(xid, Orders);
            wal.Commit(xid, CatalogWal.Noon.AddMinutes(minute));
        }

        Assert.Equal([200u, 201u], search.Found.Select(found => found.Xid));
        Assert.Equal((200u, 201u), (search.FirstCommit!.Value.Xid, search.LastCommit!.Value.Xid));
        Assert.False(wal.IsOver);
        wal.Commit(300, CatalogWal.Noon.AddMinutes(10));
        Assert.True(wal.IsOver);
    }

    [Fact]
    public void An_xid_or_an_LSN_finds_what_did_not_commit_too()
    {
        var (wal, search) = Begin(new FindQuery { Xid = 101 });
        wal.Delete(100, Orders);
        wal.Delete(101, Orders);
        wal.Abort(100, 101);
        var (other, later) = Begin(new FindQuery { Position = new Lsn(0x1001) });
        other.Delete(100, Orders);
        later.Complete();

        Assert.Equal((100u, TransactionOutcome.RolledBack), (Assert.Single(search.Found).Xid, search.Found[0].Outcome));
        Assert.Equal((100u, TransactionOutcome.Unfinished), (Assert.Single(later.Found).Xid, later.Found[0].Outcome));
    }

    [Fact]
    public void What_exceeds_the_limit_is_counted()
    {
        var (wal, search) = Begin(new FindQuery { Table = Table("orders"), Limit = 2 });
        for (var xid = 100u; xid < 105; xid++)
        {
            wal.Delete(xid, Orders);
            wal.Commit(xid);
        }

        Assert.Equal((2, 5), (search.Found.Count, search.FoundCount));
    }

    [Fact]
    public void A_file_of_no_known_relation_is_named_by_its_numbers()
    {
        var (wal, search) = Begin(new FindQuery { MinRows = 1 });
        wal.Delete(100, 29999);
        wal.Commit(100);

        Assert.Equal(["unknown relation 5/29999 +0 ~0 -1 None"], Describe(Assert.Single(search.Found)));
    }

    [Fact]
    public void Where_the_row_of_a_relation_is_lost_its_file_still_tells()
    {
        var (wal, search) = Begin(new FindQuery { Operations = [FoundOperation.Drop] });
        wal.Delete(100, CatalogWal.RelationsFile, 99);
        wal.Commit(100, unlinked: [Orders]);

        Assert.Equal(["shop.public.orders +0 ~0 -0 FileRemoved"], Describe(Assert.Single(search.Found)));
        Assert.Equal(1, search.LostNames);
    }

    [Fact]
    public void Commits_on_both_sides_of_a_moment_are_kept()
    {
        var (wal, search) = Begin(new FindQuery { Near = CatalogWal.Noon });
        for (var i = 0; i < 20; i++)
        {
            wal.Commit((uint)(100 + i), CatalogWal.Noon.AddSeconds(i - 9));
        }

        Assert.Equal([105u, 106u, 107u, 108u, 109u], search.Near!.Before.Select(commit => commit.Xid));
        Assert.Equal([110u, 111u, 112u, 113u, 114u], search.Near.After.Select(commit => commit.Xid));
        Assert.True(wal.IsOver);
    }

    internal static TableFilter Table(string name)
    {
        Assert.True(TableFilter.TryParse(name, out var table));
        return table;
    }

    private static IEnumerable<string> Describe(FoundTransaction transaction) => transaction.Relations
        .Where(relation => !relation.IsInternal)
        .Select(relation => $"{relation.Description} +{relation.Inserted} ~{relation.Updated} -{relation.Deleted} {relation.Fate}")
        .Order(StringComparer.Ordinal);

    private (CatalogWal Wal, TransactionSearch Search) Begin(FindQuery query)
    {
        var search = new TransactionSearch(query, KnownNames.Create(), 8192);
        _searches.Add(search);
        return (new CatalogWal(search), search);
    }
}
