using Pgkeep.Options.EnvironmentFiles;

namespace Pgkeep.Options;

/// <summary>
/// Names in <c>backup.env</c> that were probably meant for pgkeep and mean nothing to it. All others are none of its business: shells
/// source the same file.
/// </summary>
internal static class UnknownNames
{
    private const string OwnPrefix = "PGKEEP_";

    public static IEnumerable<string> Warnings(EnvironmentFile file)
    {
        var known = OptionTable.Configurable.Select(option => option.EnvironmentName).OfType<string>().ToList();
        foreach (var assignment in file.Assignments.OrderBy(assignment => assignment.Line))
        {
            var where = $"{file.Path}:{assignment.Line}";
            if (assignment.Name == OptionTable.Config.EnvironmentName)
            {
                yield return $"{where}: {assignment.Name} has no effect in the file that it names";
            }
            else if (known.Contains(assignment.Name))
            {
                continue;
            }
            else if (EditDistance.Nearest(assignment.Name, known) is { } nearest)
            {
                yield return $"{where}: {assignment.Name} is not an option: did you mean {nearest}?";
            }
            else if (assignment.Name.StartsWith(OwnPrefix, StringComparison.Ordinal))
            {
                yield return $"{where}: {assignment.Name} is not an option: see pgkeep config show";
            }
        }
    }
}
