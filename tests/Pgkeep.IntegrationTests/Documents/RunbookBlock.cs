using System.Text.RegularExpressions;
using Pgkeep.IntegrationTests.Harness;

namespace Pgkeep.IntegrationTests.Documents;

/// <summary>Commands of docs/runbook.md, and beginnings of lines that the page shows as their answer.</summary>
/// <param name="Scenario">As the comment above the block names it; empty where there is none.</param>
internal sealed partial record RunbookBlock(string Scenario, string Commands, IReadOnlyList<string> Answer)
{
    private const string Shell = "sh";

    public static IReadOnlyList<RunbookBlock> All { get; } = Read(File.ReadAllLines(SourceTree.PathOf("docs/runbook.md")));

    /// <summary>An answer belongs to the commands before it.</summary>
    public static IReadOnlyList<RunbookBlock> Read(IReadOnlyList<string> lines)
    {
        var blocks = new List<RunbookBlock>();
        for (var i = 0; i < lines.Count; i++)
        {
            if (!lines[i].StartsWith("```", StringComparison.Ordinal))
            {
                continue;
            }

            var language = lines[i][3..].Trim();
            var first = i + 1;
            for (i = first; lines[i] != "```"; i++)
            {
            }

            var content = lines.Skip(first).Take(i - first).ToList();
            if (language == Shell)
            {
                blocks.Add(new RunbookBlock(first > 1 ? Marker().Match(lines[first - 2]).Groups["name"].Value : "", string.Join('\n', content), []));
            }
            else if (blocks.Count > 0)
            {
                blocks[^1] = blocks[^1] with { Answer = [.. blocks[^1].Answer, .. content.Select(line => Beginning().Match(line).Value)] };
            }
        }

        return blocks;
    }

    [GeneratedRegex("^<!-- scenario: (?<name>.+) -->$")]
    private static partial Regex Marker();

    /// <summary>What columns begin with, or a sentence up to where it names something.</summary>
    [GeneratedRegex("^(.+?)(?=  |: |:$| /|$)")]
    private static partial Regex Beginning();
}
