using System.Globalization;
using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Restore;

namespace Pgkeep.Commands;

/// <summary>From the target options to the one target that they name.</summary>
internal static class TargetOptions
{
    /// <summary>Below are InvalidTransactionId, BootstrapTransactionId and FrozenTransactionId (PostgreSQL src/include/access/transam.h).</summary>
    private const uint FirstNormalXid = 3;

    /// <summary>MAXFNAMELEN without the zero (PostgreSQL src/backend/access/transam/xlogfuncs.c, pg_create_restore_point).</summary>
    private const int LongestName = 63;

    public static RecoveryTarget Read(CommandContext context)
    {
        var (time, xid, lsn, name) = (context.Get(OptionTable.TargetTime), context.Get(OptionTable.TargetXid), context.Get(OptionTable.TargetLsn), context.Get(OptionTable.TargetName));
        var (isImmediate, isExclusive) = (context.Get(OptionTable.TargetImmediate), context.Get(OptionTable.TargetExclusive));
        List<string> given =
        [
            .. Name(OptionTable.TargetTime, time is not null), .. Name(OptionTable.TargetXid, xid is not null), .. Name(OptionTable.TargetLsn, lsn is not null),
            .. Name(OptionTable.TargetName, name is not null), .. Name(OptionTable.TargetImmediate, isImmediate),
        ];
        if (given.Count > 1)
        {
            throw new PgkeepException(ErrorKind.Usage, $"{string.Join(" and ", given)} are different targets, and a restore has one", "name one of them");
        }

        if (isExclusive && (given.Count == 0 || name is not null || isImmediate))
        {
            throw new PgkeepException(
                ErrorKind.Usage, $"--{OptionTable.TargetExclusive.Name} needs a transaction, a position or a time, and there is {(given.Count == 0 ? "no target" : given[0])}", "leave it out");
        }

        return time is not null ? RecoveryTarget.OfTime(TargetTime.Parse(time, context.Time.GetUtcNow(), context.Time.LocalTimeZone), isExclusive)
            : xid is not null ? OfXid(xid, isExclusive)
            : lsn is not null ? RecoveryTarget.OfLsn(ParseLsn(lsn), isExclusive)
            : name is not null ? RecoveryTarget.OfName(RequireName(name))
            : isImmediate ? RecoveryTarget.Immediate
            : RecoveryTarget.Latest;
    }

    public static TimelineId? Timeline(CommandContext context) => context.Get(OptionTable.TargetTimeline) is > 0 and var timeline ? new TimelineId((uint)timeline) : null;

    /// <summary>PostgreSQL looks at it at a target only, and promotes itself at the end of the WAL whatever it says.</summary>
    public static RecoveryTargetAction Action(CommandContext context)
    {
        var action = context.Get(OptionTable.TargetAction);
        return action == RecoveryTargetAction.Promote || Read(context).Kind != RecoveryTargetKind.Latest
            ? action
            : throw new PgkeepException(
                ErrorKind.Usage,
                $"--{OptionTable.TargetAction.Name} {context.Values.Find(OptionTable.TargetAction).Text} needs a target: at the end of all WAL the server promotes itself",
                "name one, such as --target-time");
    }

    private static IEnumerable<string> Name(Option option, bool isGiven) => isGiven ? ["--" + option.Name] : [];

    /// <summary>With its epoch, as pg_current_xact_id tells it, or without, as the WAL's records have it: a number of up to 32 bits may be either.</summary>
    private static RecoveryTarget OfXid(string text, bool isExclusive) =>
        !ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var xid) || (uint)xid < FirstNormalXid
            ? throw new PgkeepException(ErrorKind.TargetInvalid, $"\"{text}\" is not a transaction's number", "write it as pg_current_xact_id and pgkeep wal show tell it: 88120433")
            : xid > uint.MaxValue ? RecoveryTarget.OfXid(new FullTransactionId(xid), isExclusive)
            : RecoveryTarget.OfXid((uint)xid, isExclusive);

    private static Lsn ParseLsn(string text) =>
        Lsn.TryParse(text, out var position)
            ? position
            : throw new PgkeepException(ErrorKind.TargetInvalid, $"\"{text}\" is not an LSN", "write it as the server does: 2/1A3B5C80");

    private static string RequireName(string name) =>
        name.Length > 0 && Encoding.UTF8.GetByteCount(name) <= LongestName && !name.AsSpan().ContainsAny('\n', '\0')
            ? name
            : throw new PgkeepException(ErrorKind.TargetInvalid, $"\"{name}\" is not the name of a restore point", $"it has 1 to {LongestName} bytes");
}
