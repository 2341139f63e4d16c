using System.Globalization;

namespace Pgkeep.IntegrationTests.Restore.Targets;

/// <summary>
/// A line of the table: what is asked for, and at which transaction, point or position of a <see cref="TargetHistory"/>; then <c>exclusive</c>, <c>whole</c> (the transaction's number with its
/// epoch), and the names of a backup and of a timeline. Without a backup the newest that fits is taken, and without a timeline the newest that leads there.
/// </summary>
internal sealed record TargetCase
{
    private TargetCase(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Line = line;
        What = words[0];
        Label = words.Length > 1 && words[1] is not ("backup" or "timeline") ? words[1] : "";
        IsExclusive = words.Contains("exclusive");
        IsWhole = words.Contains("whole");
        Backup = Named(words, "backup");
        Timeline = Named(words, "timeline");
    }

    /// <summary>The whole table, by kind of target.</summary>
    public static IReadOnlyList<TargetCase> All { get; } =
    [
        .. """
        latest
        latest    backup old
        latest    backup new
        latest    backup third
        latest    timeline 1
        latest    timeline 1 backup old
        latest    timeline 2
        latest    timeline 3 backup new
        latest    timeline 5

        immediate
        immediate backup old
        immediate backup new
        immediate backup third timeline 4
        immediate timeline 1
        immediate backup old timeline 2

        time      a
        time      younger
        time      elder
        time      between
        time      pending
        time      space
        time      f             backup old
        time      i
        time      left-1        timeline 1
        time      s-1
        time      s-3           backup new
        time      r-1
        time      w-1
        time      undone-1      timeline 5
        time      z-1           backup third
        exactly   b
        exactly   elder
        exactly   h             backup old
        exactly   w-2
        exactly   younger       exclusive
        exactly   pending       exclusive
        exactly   g             exclusive
        exactly   s-2           exclusive
        exactly   r-2           exclusive
        exactly   z-1           exclusive backup old

        xid       a             whole
        xid       younger
        xid       elder
        xid       nested        whole
        xid       pending
        xid       f             backup old
        xid       i             whole
        xid       left-2        timeline 1
        xid       s-1           backup new
        xid       s-3           timeline 2
        xid       r-2           whole
        xid       w-1
        xid       undone-1      timeline 5
        xid       z-1           backup third
        xid       younger       exclusive
        xid       elder         exclusive
        xid       between       exclusive whole
        xid       pending       exclusive
        xid       space         exclusive
        xid       left-1        exclusive timeline 1
        xid       s-2           exclusive
        xid       z-2           exclusive whole

        lsn       a
        lsn       g             backup old
        lsn       left-1        timeline 1
        lsn       s-1
        lsn       r-1
        lsn       z-1           backup third
        lsn       b             exclusive
        lsn       i             exclusive
        lsn       s-4           exclusive timeline 2
        lsn       w-2           exclusive
        behind    h             exclusive
        behind    r-1           exclusive backup old
        start-of  new           exclusive

        name      early
        name      twice
        name      twice         backup old
        name      left          timeline 1
        name      handed
        name      restored      backup new
        name      again
        """.Split('\n').Where(line => line.Length > 0).Select(line => new TargetCase(string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))),
    ];

    public string Line { get; }

    public string What { get; }

    public string Label { get; }

    public bool IsExclusive { get; }

    public bool IsWhole { get; }

    public string? Backup { get; }

    public string? Timeline { get; }

    /// <summary>Every major has each.</summary>
    public string Kind => IsExclusive ? $"{What} exclusive" : What;

    public static TargetCase Of(string line) => All.Single(target => target.Line == line);

    /// <summary>The words of the command.</summary>
    public IReadOnlyList<string> WordsIn(TargetHistory history) =>
    [
        .. Backup is null ? Array.Empty<string>() : [history.Backup(Backup).Name],
        .. TargetIn(history),
        .. IsExclusive ? ["--target-exclusive"] : Array.Empty<string>(),
        .. Timeline is null ? Array.Empty<string>() : ["--target-timeline", Timeline],
    ];

    public TargetState ExpectedIn(TargetHistory history) => What switch
    {
        "latest" => history.End(Timeline ?? "4"),
        "immediate" => history.Backup(Backup ?? (Timeline == "1" ? "new" : "third")).State,
        "name" => history.Point(Label),
        // Before the first record that begins behind it, or nothing of what comes while the backup is taken.
        "behind" => history.Transaction(Label).After,
        "start-of" => history.Backup(Label).State,
        _ => IsExclusive ? history.Transaction(Label).Before : history.Transaction(Label).After,
    };

    private IReadOnlyList<string> TargetIn(TargetHistory history)
    {
        var transaction = What is "time" or "exactly" or "xid" or "lsn" or "behind" ? history.Transaction(Label) : null;
        return What switch
        {
            "latest" => [],
            "immediate" => ["--target-immediate"],
            "time" => ["--target-time", Show(transaction!.Time!.Value.AddMilliseconds(3))],
            "exactly" => ["--target-time", Show(transaction!.Time!.Value)],
            "xid" => ["--target-xid", $"{(IsWhole ? transaction!.Xid : (uint)transaction!.Xid)}"],
            "lsn" => ["--target-lsn", transaction!.Record!],
            "behind" => ["--target-lsn", transaction!.Behind],
            "start-of" => ["--target-lsn", history.Backup(Label).StartLsn],
            "name" => ["--target-name", Label],
            _ => throw new ArgumentException($"\"{Line}\" asks for nothing that is known"),
        };
    }

    private static string Show(DateTime utc) => utc.ToString("yyyy-MM-dd HH:mm:ss.ffffff+00", CultureInfo.InvariantCulture);

    private static string? Named(string[] words, string what) => Array.IndexOf(words, what) is >= 0 and var at ? words[at + 1] : null;
}
