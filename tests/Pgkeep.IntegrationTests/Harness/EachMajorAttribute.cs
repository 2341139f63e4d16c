using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>Runs a theory with every PostgreSQL major under test as its argument: <c>[Theory, EachMajor(Min = 17)]</c>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EachMajorAttribute : DataAttribute
{
    public int Min { get; init; } = 13;

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        IReadOnlyCollection<ITheoryDataRow> rows = [.. PostgresServers.Majors.Where(major => major >= Min).Select(RowFor)];
        return ValueTask.FromResult(rows.Count > 0 ? rows : [new TheoryDataRow<int>(Min) { Skip = WhyNone }]);
    }

    public override bool SupportsDiscoveryEnumeration() => true;

    private string WhyNone => $"needs PostgreSQL {Min} or later, and {string.Join(", ", PostgresServers.Majors)} are under test";

    private static ITheoryDataRow RowFor(int major) => new TheoryDataRow<int>(major);
}
