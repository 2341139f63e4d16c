using System.Collections.Immutable;
using Pgkeep.IntegrationTests.Harness;

namespace Pgkeep.IntegrationTests.Restore.Targets;

/// <summary>What is to be seen in a server of a <see cref="TargetHistory"/> at one moment.</summary>
internal sealed record TargetState
{
    public static TargetState Empty { get; } = new();

    /// <summary>Of the table t.</summary>
    public ImmutableSortedSet<string> Rows { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>Of the table in the tablespace; null where there is no such table.</summary>
    public ImmutableSortedSet<string>? Far { get; init; }

    /// <summary>Transactions that are prepared and neither committed nor aborted.</summary>
    public ImmutableSortedSet<string> Prepared { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    public static async Task<string> ReadAsync(PostgresCluster server)
    {
        var hasFar = await server.ScalarAsync<bool>("SELECT to_regclass('far') IS NOT NULL");
        return new TargetState
        {
            Rows = [.. await server.QueryAsync<string>("SELECT v FROM t")],
            Far = hasFar ? [.. await server.QueryAsync<string>("SELECT v FROM far")] : null,
            Prepared = [.. await server.QueryAsync<string>("SELECT gid FROM pg_prepared_xacts")],
        }.ToString();
    }

    public override string ToString() => $"t: {Sorted(Rows)}; far: {(Far is null ? "none" : Sorted(Far))}; prepared: {Sorted(Prepared)}";

    private static string Sorted(IEnumerable<string> values) => string.Join(' ', values.Order(StringComparer.Ordinal));
}
