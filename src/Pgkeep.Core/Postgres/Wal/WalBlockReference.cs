namespace Pgkeep.Postgres.Wal;

/// <summary>A block of a relation that a record changes. Offsets count from <see cref="WalRecordBody.DataOffset"/>.</summary>
// PostgreSQL src/include/access/xlogrecord.h, XLogRecordBlockHeader, XLogRecordBlockImageHeader, XLogRecordBlockCompressHeader
internal readonly record struct WalBlockReference
{
    /// <summary>The record's own number for it, from 0 to 32; not every number need be there.</summary>
    public required byte Id { get; init; }

    public required RelationFileLocator Relation { get; init; }

    public required RelationFork Fork { get; init; }

    /// <summary>Counts from the beginning of the fork.</summary>
    public required uint Block { get; init; }

    /// <summary>BKPBLOCK_WILL_INIT: replay does not read what the page was before.</summary>
    public required bool WillInit { get; init; }

    /// <summary>BKPBLOCK_HAS_IMAGE. What follows is 0 without one.</summary>
    public required bool HasImage { get; init; }

    public required WalImageCompression ImageCompression { get; init; }

    /// <summary>Replay puts the image in the page's place.</summary>
    public required bool ImageApplies { get; init; }

    public required int ImageOffset { get; init; }

    /// <summary>As stored.</summary>
    public required ushort ImageLength { get; init; }

    /// <summary>Where in the page the zeros lie that are left out; 0 where nothing is.</summary>
    public required ushort HoleOffset { get; init; }

    /// <summary>Written of a compressed image with a hole only. Of another it is what the image is shorter than a block (<see cref="HoleOffset"/> is not 0).</summary>
    public required ushort HoleLength { get; init; }

    public required int DataOffset { get; init; }

    public required ushort DataLength { get; init; }
}

internal enum WalImageCompression : byte
{
    None,
    Pglz,
    Lz4,
    Zstd,
}
