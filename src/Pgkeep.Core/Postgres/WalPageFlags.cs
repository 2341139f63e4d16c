namespace Pgkeep.Postgres;

// PostgreSQL src/include/access/xlog_internal.h, XLP_* of 13 to 18
[Flags]
internal enum WalPageFlags
{
    None = 0,

    /// <summary>The page begins with the rest of a record of the page before.</summary>
    FirstIsContinuation = 0x0001,

    /// <summary>The header is the long form, as on the first page of each segment.</summary>
    LongHeader = 0x0002,

    /// <summary>The page's full-page images may be taken out, as no base backup was running.</summary>
    BackupBlocksRemovable = 0x0004,

    /// <summary>Replaces a continuation that was lost in a crash.</summary>
    FirstIsOverwriteContinuation = 0x0008,
}
