using Pgkeep.Commands.Walk;

namespace Pgkeep.Tests.Commands.Walk;

internal static class SampleMoments
{
    public static IReadOnlyList<WalkMoment> Of(int count) => [.. Enumerable.Range(0, count).Select(Commit)];

    public static WalkMoment RolledBack { get; } = Commit(9) with { Title = "rollback", Summary = "rolled back: orders -5", Commands = [] };

    public static WalkMoment Commit(int number) => new()
    {
        Title = "commit",
        Time = $"2025-01-08 14:30:{number:00}.123 +01:00",
        ShortTime = $"01-08 14:30:{number:00}",
        Xid = $"{88120433 + number}",
        Summary = $"orders -1,23{number}, items truncated",
        Description = [$"2025-01-08 14:30:{number:00}.123 +01:00, transaction {88120433 + number}", "at 1/2A000028, and right before it 1/2A000000"],
        Commands =
        [
            new("before", $"pgkeep restore --target-xid {88120433 + number} --target-exclusive --backup-dir /var/lib/postgresql/backups"),
            new("after", $"pgkeep restore --target-xid {88120433 + number} --backup-dir /var/lib/postgresql/backups"),
        ],
        Did = [$"shop.public.orders: 1,23{number} rows deleted", "shop.public.items: truncated"],
    };
}
