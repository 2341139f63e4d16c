namespace Pgkeep.Demo;

/// <summary>What is in the shop at a moment.</summary>
internal sealed record ShopState(IReadOnlyList<TableState> Tables)
{
    public TableState? Find(string name) => Tables.FirstOrDefault(table => table.Name == name);

    /// <summary>A line for each table that is not as it was; none where all are.</summary>
    public IReadOnlyList<string> DifferencesTo(ShopState before)
    {
        var differences =
            from name in before.Tables.Concat(Tables).Select(table => table.Name).Distinct()
            let was = before.Find(name)
            let @is = Find(name)
            where was != @is
            select $"table {name}: was {Describe(was)}, is {Describe(@is)}";
        return [.. differences];
    }

    private static string Describe(TableState? table) => table is null ? "not there" : $"{Shop.Number(table.Rows)} rows with checksum {table.Checksum}";
}
