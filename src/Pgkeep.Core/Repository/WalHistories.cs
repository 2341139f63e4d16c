using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;

namespace Pgkeep.Repository;

/// <summary>All histories of an archive, and what is wrong with them.</summary>
/// <param name="ByTimeline">Those that can be read, and the first timeline's, which has no file.</param>
internal sealed record WalHistories(IReadOnlyDictionary<TimelineId, TimelineHistory> ByTimeline, IReadOnlyList<WalProblem> Problems)
{
    /// <summary>Throws where the store cannot be read; a damaged file is a problem in the answer.</summary>
    public static async ValueTask<WalHistories> ReadAsync(WalArchive archive, WalInventory inventory, CancellationToken cancellationToken)
    {
        var histories = new SortedDictionary<TimelineId, TimelineHistory> { [TimelineId.First] = TimelineHistory.Initial(TimelineId.First) };
        var problems = new List<WalProblem>();
        foreach (var stored in inventory.Files.Where(stored => stored.File.Kind == WalFileKind.History && stored.File.Timeline > TimelineId.First))
        {
            var path = archive.Describe(stored.Stored.Name);
            try
            {
                var content = await archive.ReadAsync(stored.File, cancellationToken);
                if (Parse(stored.File.Timeline, content ?? [], out var problem) is { } history)
                {
                    histories.Add(stored.File.Timeline, history);
                }
                else
                {
                    problems.Add(new WalProblem(path, WalDamage.Damaged, null, $"\"{path}\" {problem}"));
                }
            }
            catch (PgkeepException damaged) when (damaged.Kind == ErrorKind.RepositoryCorrupt)
            {
                problems.Add(new WalProblem(path, WalDamage.Damaged, null, damaged.Message));
            }
        }

        problems.AddRange(Missing(archive, inventory));
        problems.AddRange(histories.Values.SelectMany(history => Contradictions(archive, history, histories)));
        return new WalHistories(histories, problems);
    }

    private static TimelineHistory? Parse(TimelineId timeline, byte[] content, out string problem)
    {
        if (!TimelineHistory.TryParse(timeline, Encoding.UTF8.GetString(content), out var history, out problem))
        {
            return null;
        }

        problem = history.Switches.Count == 0 ? "names no timeline that this one comes from" : "";
        return problem.Length == 0 ? history : null;
    }

    /// <summary>
    /// Recovery finds the newest timeline by asking for one history after another, and stops at the first that is not there: so none may be missing
    /// from the oldest timeline on of which anything is stored.
    /// </summary>
    private static IEnumerable<WalProblem> Missing(WalArchive archive, WalInventory inventory)
    {
        var stored = inventory.Files.Where(file => file.File.Kind == WalFileKind.History).Select(file => file.File.Timeline.Value).ToHashSet();
        var known = inventory.Timelines.Select(timeline => timeline.Value).Concat(stored).Distinct().Order().ToList();
        for (var i = 0; i < known.Count; i++)
        {
            // In between by number: a damaged name may stand for a timeline that is billions away.
            if (i > 0 && known[i] > known[i - 1] + 1)
            {
                yield return Of(known[i - 1] + 1, known[i] - 1);
            }

            if (known[i] > 1 && !stored.Contains(known[i]))
            {
                yield return Of(known[i], known[i]);
            }
        }

        WalProblem Of(uint first, uint last)
        {
            var path = archive.Describe(new TimelineId(first).ToHex() + ".history");
            var more = first == last ? "" : $", and all up to timeline {last}";
            return new WalProblem(path, WalDamage.Missing, null, $"\"{path}\" is missing{more}: nothing tells where timeline {first} begins, and recovery does not find a later one");
        }
    }

    /// <summary>A timeline's history begins with its parent's, line by line.</summary>
    private static IEnumerable<WalProblem> Contradictions(WalArchive archive, TimelineHistory history, SortedDictionary<TimelineId, TimelineHistory> all)
    {
        for (var i = 0; i < history.Switches.Count; i++)
        {
            var parent = history.Switches[i].Timeline;
            if (all.TryGetValue(parent, out var known) && parent > TimelineId.First && !Lines(known.Switches).SequenceEqual(Lines(history.Switches.Take(i))))
            {
                var path = archive.Describe(history.Timeline.ToHex() + ".history");
                yield return new WalProblem(
                    path, WalDamage.Timeline, history.Switches[i].SwitchPoint, $"\"{path}\" and the history of timeline {parent}, from which it comes, do not agree on what was before");
            }
        }
    }

    private static IEnumerable<(TimelineId Timeline, Lsn SwitchPoint)> Lines(IEnumerable<TimelineSwitch> switches) => switches.Select(line => (line.Timeline, line.SwitchPoint));
}
