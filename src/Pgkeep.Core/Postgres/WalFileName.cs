using System.Diagnostics.CodeAnalysis;

namespace Pgkeep.Postgres;

/// <summary>
/// The name of a file in <c>pg_wal</c> that is archived. Strict: only what PostgreSQL itself writes is a name, so that a stray file is
/// never taken for WAL.
/// </summary>
/// <param name="Segment">The segment that the name starts with; null for a history file.</param>
// PostgreSQL src/include/access/xlog_internal.h, IsXLogFileName, IsPartialXLogFileName, IsTLHistoryFileName, IsBackupHistoryFileName
internal sealed record WalFileName(string Name, WalFileKind Kind, TimelineId Timeline, WalSegmentName? Segment)
{
    private const int TimelineLength = 8;
    private const int OffsetLength = 8;
    private const string HistorySuffix = ".history";
    private const string PartialSuffix = ".partial";
    private const string BackupSuffix = ".backup";

    public static bool TryParse(string name, [NotNullWhen(true)] out WalFileName? value)
    {
        value = TryParseHistory(name) ?? TryParseSegmentFile(name);
        return value is not null;
    }

    public override string ToString() => Name;

    private static WalFileName? TryParseHistory(string name) =>
        name.Length == TimelineLength + HistorySuffix.Length
        && name.EndsWith(HistorySuffix, StringComparison.Ordinal)
        && Digits.TryParseFixedHex(name.AsSpan(0, TimelineLength), out var timeline)
        && timeline != 0
            ? new WalFileName(name, WalFileKind.History, new TimelineId(timeline), null)
            : null;

    private static WalFileName? TryParseSegmentFile(string name) =>
        name.Length >= WalSegmentName.Length
        && WalSegmentName.TryParse(name.AsSpan(0, WalSegmentName.Length), out var segment)
        && KindOf(name.AsSpan(WalSegmentName.Length)) is { } kind
            ? new WalFileName(name, kind, segment.Timeline, segment)
            : null;

    private static WalFileKind? KindOf(ReadOnlySpan<char> suffix) => suffix switch
    {
        "" => WalFileKind.Segment,
        PartialSuffix => WalFileKind.Partial,
        _ when IsBackupSuffix(suffix) => WalFileKind.BackupHistory,
        _ => null,
    };

    private static bool IsBackupSuffix(ReadOnlySpan<char> suffix) =>
        suffix.Length == 1 + OffsetLength + BackupSuffix.Length
        && suffix[0] == '.'
        && suffix.EndsWith(BackupSuffix)
        && Digits.TryParseFixedHex(suffix.Slice(1, OffsetLength), out _);
}
