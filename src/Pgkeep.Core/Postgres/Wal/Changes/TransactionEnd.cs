namespace Pgkeep.Postgres.Wal.Changes;

/// <summary>The end of a transaction with all that recovery is told by it. Valid as long as the record is.</summary>
// PostgreSQL src/include/access/xact.h, xl_xact_commit, xl_xact_abort and XACT_XINFO_*; src/backend/access/rmgrdesc/xactdesc.c, ParseCommitRecord and
// ParseAbortRecord: time, xinfo, database, subtransactions, files, dropped statistics (from 15 on), invalidations (of a commit), the prepared transaction
internal readonly ref struct TransactionEnd
{
    /// <summary>Of xl_info: without it, there is nothing but the time.</summary>
    public const byte HasInfo = 0x80;

    private const uint HasDatabase = 1 << 0;
    private const uint HasSubtransactions = 1 << 1;
    private const uint HasFiles = 1 << 2;
    private const uint HasInvalidations = 1 << 3;
    private const uint HasTwoPhase = 1 << 4;
    private const uint HasDroppedStatistics = 1 << 8;

    private const int InvalidationLength = 16;

    /// <summary>Never a restore point.</summary>
    public required WalMomentKind Kind { get; init; }

    /// <summary>By the server's clock, to the microsecond.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Of the transaction that ended, also where another session ended a prepared one; 0 where it is not known.</summary>
    public required uint Xid { get; init; }

    /// <summary>In which it ran; 0 where the record does not say.</summary>
    public required Oid Database { get; init; }

    /// <summary>Whether all of the record was held: where not, the lists are empty from the first on that is not there as a whole, and the prepared transaction is not known.</summary>
    public required bool IsWhole { get; init; }

    /// <summary>That end in the same way as the transaction. Those that were rolled back before are not among a commit's.</summary>
    public required PackedNumbers Subtransactions { get; init; }

    /// <summary>Relations whose files are unlinked with it: those that it dropped or replaced, or, of an abort, those that it created.</summary>
    public required PackedLocators UnlinkedFiles { get; init; }

    public bool IsCommit => Kind is WalMomentKind.Commit or WalMomentKind.CommitPrepared;

    /// <param name="body">Of the record.</param>
    /// <returns>False for other records, and where the record is not what it should be.</returns>
    public static bool TryRead(in WalRecord record, WalRecordBody body, out TransactionEnd end) => TryRead(record, body.MainData(record), out end);

    /// <param name="main">The main data of the record, as far as they are held.</param>
    public static bool TryRead(scoped in WalRecord record, ReadOnlySpan<byte> main, out TransactionEnd end)
    {
        end = default;
        if (!WalMoment.TryGetKind(record.Header, out var kind)
            || kind == WalMomentKind.RestorePoint
            || !WalMoment.TryReadTime(main, out var time))
        {
            return false;
        }

        var data = new MainDataCursor(main[WalMoment.TimeLength..]);
        var info = (record.Header.Info & HasInfo) != 0 ? data.UInt32() : 0;
        var (database, _) = (info & HasDatabase) != 0 ? (data.Oid(), data.Oid()) : default;
        var subtransactions = (info & HasSubtransactions) != 0 ? data.CountedItems(sizeof(uint)) : [];
        var files = (info & HasFiles) != 0 ? data.CountedItems(RelationFileLocator.Length) : [];
        if ((info & HasDroppedStatistics) != 0 && record.Format.DroppedStatisticsLength > 0)
        {
            data.CountedItems(record.Format.DroppedStatisticsLength);
        }

        if ((info & HasInvalidations) != 0 && kind is (WalMomentKind.Commit or WalMomentKind.CommitPrepared))
        {
            data.CountedItems(InvalidationLength);
        }

        var prepared = (info & HasTwoPhase) != 0 ? data.UInt32() : 0;
        end = new TransactionEnd
        {
            Kind = kind,
            Time = time,
            Xid = kind is WalMomentKind.CommitPrepared or WalMomentKind.AbortPrepared ? prepared : record.Header.Xid,
            Database = database,
            IsWhole = !data.IsShort,
            Subtransactions = new PackedNumbers(subtransactions),
            UnlinkedFiles = new PackedLocators(files),
        };
        return true;
    }
}
