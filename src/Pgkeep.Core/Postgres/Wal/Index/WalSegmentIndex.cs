using Pgkeep.Postgres.Wal.Changes;

namespace Pgkeep.Postgres.Wal.Index;

/// <summary>
/// What the records of one whole segment do, so that most questions about an archive are answered without reading it. It is made of that segment alone: a record that lies
/// in two segments is in neither's counts, and is put together from <see cref="WalSegmentEnds.Open"/> of the one and <see cref="WalSegmentEnds.Head"/> of the next. The checksums of most
/// records were not looked at; verify --wal does that.
/// </summary>
internal sealed record WalSegmentIndex
{
    /// <summary>How much is kept of a record that lies in several segments, at either side, and of any other that is decoded here.</summary>
    public const int HeldLength = 1024 * 1024;

    public required WalSegmentName Name { get; init; }

    public required SystemIdentifier Cluster { get; init; }

    public required WalSegmentSize SegmentSize { get; init; }

    /// <summary>XLOG_BLCKSZ.</summary>
    public required int BlockSize { get; init; }

    /// <summary>XXH128 of the segment's plain content.</summary>
    public required UInt128 Content { get; init; }

    /// <summary>The stored file that it was made of, where that does not carry its content's XXH128 itself: another tool stored it. Null where it does.</summary>
    public IndexedFile? File { get; init; }

    /// <summary>Of the pages; it tells the major.</summary>
    public required WalFormat Format { get; init; }

    /// <summary>Of the first page: below the name's where the timeline began in this segment.</summary>
    public required TimelineId FirstTimeline { get; init; }

    public required WalSegmentEnds Ends { get; init; }

    /// <summary>That begin and end here.</summary>
    public required long Records { get; init; }

    /// <summary>In the order of the WAL. Null where there is none.</summary>
    public required WalMoment? FirstCommit { get; init; }

    public required WalMoment? LastCommit { get; init; }

    /// <summary>The earliest and the latest time of a commit: they need not be those of the first and the last.</summary>
    public required (DateTimeOffset Earliest, DateTimeOffset Latest)? CommitTimes { get; init; }

    public required long Commits { get; init; }

    public required long Aborts { get; init; }

    public required IReadOnlyList<IndexedRestorePoint> RestorePoints { get; init; }

    public required IReadOnlyList<IndexedCheckpoint> Checkpoints { get; init; }

    /// <summary>By tablespace, database and file number.</summary>
    public required IReadOnlyList<RelationChanges> Relations { get; init; }

    public required IReadOnlyList<CreatedFile> CreatedFiles { get; init; }

    public required IReadOnlyList<UnlinkedFile> UnlinkedFiles { get; init; }

    public required IReadOnlyList<TruncatedFile> TruncatedFiles { get; init; }

    public required IReadOnlyList<TruncatedTable> TruncatedTables { get; init; }

    public required IReadOnlyList<IndexedDatabaseChange> Databases { get; init; }

    /// <summary>Where the map of the catalogues' files changed.</summary>
    public required IReadOnlyList<ChangedRelationMap> RelationMaps { get; init; }

    /// <summary>Transactions and subtransactions that end here by a commit, or an abort.</summary>
    public required NumberSet Committed { get; init; }

    public required NumberSet Aborted { get; init; }

    /// <summary>Transactions and subtransactions of which a record is here, and not the end.</summary>
    public required NumberSet Unfinished { get; init; }

    /// <summary>
    /// Ends of transactions of which nothing else is here, neither of their subtransactions: those that <see cref="Unfinished"/> of an earlier segment names, and that ended without
    /// changing anything more. Of one that did change something here <see cref="Committed"/> and <see cref="Aborted"/> tell, and the segment must be read for when.
    /// </summary>
    public required IReadOnlyList<LateEnding> LateEndings { get; init; }

    /// <summary>Records longer than <see cref="HeldLength"/> of which something above is missing: subtransactions of an end, or files that it unlinked. Empty nearly always.</summary>
    public required IReadOnlyList<Lsn> CutRecords { get; init; }
}

/// <param name="Size">As stored.</param>
/// <param name="Modified">By the file system.</param>
internal sealed record IndexedFile(long Size, DateTimeOffset Modified);

/// <summary>Where a segment's records begin and end, so that it can be compared with its neighbours.</summary>
internal sealed record WalSegmentEnds
{
    /// <summary>The rest of a record that began before the segment; null where it begins with a record.</summary>
    public required WalContinuation? Head { get; init; }

    /// <summary>That record was never finished, and the segment says so.</summary>
    public required bool IsHeadOverwritten { get; init; }

    /// <summary>That record does not end here either: there is nothing else in the segment.</summary>
    public required bool IsInsideHead { get; init; }

    /// <summary>The first record that begins here and its xl_prev; null where none is complete.</summary>
    public required (Lsn Start, Lsn Previous)? First { get; init; }

    /// <summary>Where the last one begins that is complete; null where none is.</summary>
    public required Lsn? Last { get; init; }

    /// <summary>Behind it.</summary>
    public required Lsn End { get; init; }

    /// <summary>The record that goes on in the next segment. Null where none does.</summary>
    public required WalRecordAssembly? Open { get; init; }

    /// <summary>Of what a reader has read; it must not read on.</summary>
    public static WalSegmentEnds Of(WalRecordReader reader) => new()
    {
        Head = reader.Head,
        IsHeadOverwritten = reader.IsHeadOverwritten,
        IsInsideHead = reader.IsInsideHead,
        First = reader.First,
        Last = reader.Last,
        End = reader.End,
        Open = reader.Open,
    };
}

/// <summary>What happened to rows of a relation, and which of its blocks were changed.</summary>
internal sealed record RelationChanges
{
    public required RelationFileLocator Relation { get; init; }

    /// <summary>Rows.</summary>
    public required long Inserts { get; init; }

    public required long Updates { get; init; }

    /// <summary>Without <see cref="Moves"/>, and without insertions that were taken back.</summary>
    public required long Deletes { get; init; }

    /// <summary>Rows that an update moved to another partition, where they are inserts.</summary>
    public required long Moves { get; init; }

    /// <summary>Rows changed where they lie, which no transaction undoes.</summary>
    public required long InPlace { get; init; }

    /// <summary>Records that name a block of it and are none of these: of an index all, of a table locks, pruning and images.</summary>
    public required long Others { get; init; }

    public required IReadOnlyList<ChangedFork> Forks { get; init; }
}

/// <param name="Blocks">Those that records name. A bit of the visibility map is also cleared by records that name no block of it, and the free space map is not in the WAL at all.</param>
internal sealed record ChangedFork(RelationFork Fork, NumberSet Blocks);

/// <param name="At">Where the record begins.</param>
internal sealed record IndexedRestorePoint(string Name, Lsn At, Lsn End, DateTimeOffset Time);

internal enum CheckpointKind
{
    Shutdown,
    Online,

    /// <summary>No checkpoint, but where a timeline begins.</summary>
    EndOfRecovery,
}

/// <param name="Redo">Where a recovery from it begins; of the end of a recovery the record itself.</param>
internal sealed record IndexedCheckpoint(CheckpointKind Kind, Lsn At, Lsn Redo, TimelineId Timeline, TimelineId PreviousTimeline);

internal sealed record CreatedFile(RelationFileLocator Relation, RelationFork Fork, uint Xid, Lsn At);

/// <param name="IsCommit">What was dropped or replaced; else what the transaction had created.</param>
internal sealed record UnlinkedFile(RelationFileLocator Relation, bool IsCommit, uint Xid, Lsn At);

/// <param name="Blocks">That are left of the main fork.</param>
internal sealed record TruncatedFile(RelationFileLocator Relation, uint Blocks, TruncatedForks Forks, uint Xid, Lsn At);

/// <summary>TRUNCATE as logical decoding sees it.</summary>
/// <param name="Relation">Its OID.</param>
internal sealed record TruncatedTable(Oid Database, Oid Relation, uint Xid, Lsn At);

/// <param name="Tablespaces">One, but for a drop.</param>
/// <param name="SourceDatabase">0 where nothing is copied.</param>
internal sealed record IndexedDatabaseChange(
    DatabaseOperation Operation, Oid Database, IReadOnlyList<uint> Tablespaces, Oid SourceDatabase, Oid SourceTablespace, uint Xid, Lsn At);

/// <param name="Database">0: the shared catalogues.</param>
internal sealed record ChangedRelationMap(Oid Database, Oid Tablespace, uint Xid, Lsn At);

internal sealed record LateEnding(WalMoment Moment, NumberSet Subtransactions);
