using System.Globalization;
using Pgkeep.Output;
using Pgkeep.Search;

namespace Pgkeep.Commands;

/// <summary>The words for what <c>find</c> has found, which stand in its answer and on its screen.</summary>
internal sealed class FoundText(FindQuery query, TimeProvider time)
{
    /// <summary>As wide as the longest, so that what stands behind it lines up.</summary>
    public static string TitleOf(TransactionOutcome outcome) => outcome switch
    {
        TransactionOutcome.Committed => "commit  ",
        TransactionOutcome.RolledBack => "rollback",
        _ => "unknown ",
    };

    public string When(FoundTransaction transaction) =>
        $"{(transaction.Time is { } end ? Time(end) : "its end is not in the archived WAL")}, transaction {transaction.Xid}{(transaction.IsPrepared ? ", which was prepared" : "")}";

    /// <summary>Null where its end is not known.</summary>
    public static string? Where(FoundTransaction transaction) =>
        transaction is { End: { } end, Before: { } before } ? $"at {end}, and right before it {before}" : null;

    /// <summary>A line each, the relations that were asked for first.</summary>
    public IEnumerable<string> Did(FoundTransaction transaction, int atMost)
    {
        var shown = Shown(transaction);
        return
        [
            .. transaction.DroppedDatabases.Select(database => $"dropped the database {database.Name}, from {database.Position} on"),
            .. shown.Take(atMost).Select(relation => $"{relation.Description}: {WhatOf(relation)}"),
            .. shown.Count > atMost ? [$"and {Number(shown.Count - atMost)} relations more, which --json names"] : Array.Empty<string>(),
        ];
    }

    /// <summary>Null where nothing is missing in what was told.</summary>
    public static string? Missing(FoundTransaction transaction) =>
        transaction.MayHaveBegunBefore ? "it may have begun before what was read, and have changed more" : null;

    /// <summary>In one line: <c>orders -1,234, items truncated</c>.</summary>
    public string Short(FoundTransaction transaction)
    {
        const int atMost = 3;
        var shown = Shown(transaction);
        IReadOnlyList<string> parts =
        [
            .. transaction.DroppedDatabases.Select(database => $"database {database.Name} dropped"),
            .. shown.Take(atMost).Select(ShortOf),
            .. shown.Count > atMost ? [$"{Number(shown.Count - atMost)} more"] : Array.Empty<string>(),
        ];
        var outcome = transaction.Outcome switch
        {
            TransactionOutcome.Committed => "",
            TransactionOutcome.RolledBack => "rolled back: ",
            _ => "unfinished: ",
        };
        return outcome + (parts.Count == 0 ? "no table changed" : string.Join(", ", parts));
    }

    /// <summary>What makes the answer less than it seems, a sentence each.</summary>
    public IEnumerable<string> Concerns(FindResult result) =>
    [
        .. result.NameProblems,
        .. result.OtherTimelines.Select(other => $"timeline {other} has WAL that timeline {result.Timeline} does not lead to: --timeline {other} searches there"),
        .. query.Since < result.RestoresFrom ? [$"no backup is older than {Time(result.RestoresFrom!.Value)}: what was committed before cannot be restored"] : Array.Empty<string>(),
        .. result.Problem is { } cut ? [$"{cut}: nothing behind that was searched"] : Array.Empty<string>(),
    ];

    /// <summary>Null where all are shown.</summary>
    public static string? LeftOut(FindResult result) => result.TransactionCount > result.Transactions.Count
        ? $"and {Number(result.TransactionCount - result.Transactions.Count)} transactions more, which --limit shows"
        : null;

    /// <summary>Null where all segments were read.</summary>
    public static string? PassedOver(FindResult result) => result.SegmentsRead < result.Segments
        ? $"{Number(result.SegmentsRead)} of {Number(result.Segments)} segments, for their indexes tell that the others have nothing of it"
        : null;

    public string Time(DateTimeOffset moment) => TimestampText.WithMilliseconds(moment, time);

    private List<FoundRelation> Shown(FoundTransaction transaction) =>
    [
        .. transaction.Relations
            .Where(relation => query.IncludesInternal || !relation.IsInternal || QueryMatch.IsAskedFor(query, relation))
            .OrderByDescending(relation => QueryMatch.IsAskedFor(query, relation))
            .ThenByDescending(relation => relation.Deleted + relation.Updated + relation.Inserted),
    ];

    private static string WhatOf(FoundRelation relation)
    {
        var fate = relation.Fate switch
        {
            RelationFate.Moved => "moved to another tablespace",
            RelationFate.FileRemoved => "file removed: dropped, truncated or rewritten",
            _ => ShortOf(relation.Fate),
        };
        var parts = new[] { fate, Rows(relation.Deleted, "deleted"), Rows(relation.Updated, "updated"), Rows(relation.Inserted, "inserted") }.OfType<string>().ToList();
        return parts.Count == 0 ? "changed" : string.Join(", ", parts);
    }

    private static string ShortOf(FoundRelation relation)
    {
        var parts = new[] { ShortOf(relation.Fate), Sign(relation.Deleted, '-'), Sign(relation.Updated, '~'), Sign(relation.Inserted, '+') }.OfType<string>().ToList();
        return $"{relation.Name?.Relation ?? relation.Description} {(parts.Count == 0 ? "changed" : string.Join(' ', parts))}";
    }

    private static string? ShortOf(RelationFate fate) => fate switch
    {
        RelationFate.Created => "created",
        RelationFate.Truncated => "truncated",
        RelationFate.Rewritten => "rewritten",
        RelationFate.Moved => "moved",
        RelationFate.Dropped => "dropped",
        RelationFate.FileRemoved => "file removed",
        _ => null,
    };

    private static string? Rows(long count, string done) => count == 0 ? null : $"{Number(count)} {(count == 1 ? "row" : "rows")} {done}";

    private static string? Sign(long count, char sign) => count == 0 ? null : $"{sign}{Number(count)}";

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
