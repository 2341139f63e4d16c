using System.Reflection;
using Pgkeep.IntegrationTests.Harness;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Pgkeep.IntegrationTests.Restore.Targets;

/// <summary>Deals the table's lines out to the majors under test: each line at least once, and to each major every kind of target.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TargetTableAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        var majors = PostgresServers.Majors;
        IReadOnlyCollection<ITheoryDataRow> rows =
        [
            .. from kind in TargetCase.All.GroupBy(target => target.Kind)
               let lines = kind.ToList()
               from number in Enumerable.Range(0, Math.Max(lines.Count, majors.Count))
               let major = majors[number % majors.Count]
               orderby major
               select new TheoryDataRow<int, string>(major, lines[number % lines.Count].Line),
        ];
        return ValueTask.FromResult(rows);
    }

    public override bool SupportsDiscoveryEnumeration() => true;
}
