using Pgkeep.Diagnostics;
using Pgkeep.Output;
using Pgkeep.Restore;

namespace Pgkeep.Commands;

/// <summary>The part of a restore's plan that is about disks.</summary>
internal static class RestoreSpaceText
{
    public static void AddTo(TextTable table, RestorePlan plan)
    {
        var title = "space";
        foreach (var disk in plan.Space.Disks)
        {
            table.Add(title, $"{SizeText.Short(disk.Needed)} of {SizeText.Short(disk.Free)} free on the disk of {disk.Place}: {string.Join(", ", disk.Holds)}");
            title = "";
        }

        if (plan.Kept.Count > 0)
        {
            table.Add("kept", $"{plan.Kept.Count} earlier {(plan.Kept.Count == 1 ? "restore has" : "restores have")} left {SizeText.Short(plan.Kept.Sum(kept => kept.Bytes))}: pgkeep restore forget --pgdata {plan.DataDirectory}");
        }
    }

    public static IEnumerable<string> WarningsOf(RestorePlan plan) => plan.Space.Disks.Where(disk => disk.IsTight).Select(disk =>
        $"the recovery may keep {SizeText.Short(disk.Replay)} of WAL on the disk of \"{disk.Place}\" for a while, and {SizeText.Short(disk.Free - disk.Needed)} are free behind the copy; where that is too little, the old cluster is put back");
}
