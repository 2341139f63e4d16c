using System.Buffers.Binary;

namespace Pgkeep.Postgres.Pages;

/// <summary>A version of a row as it lies on a page.</summary>
// PostgreSQL src/include/access/htup_details.h, HeapTupleHeaderData; the same in 13 to 18
internal readonly ref struct HeapTuple
{
    /// <summary>SizeofHeapTupleHeader: up to the bitmap of the columns that are null.</summary>
    public const int HeaderLength = 23;

    private const int DeleterOffset = 4;
    private const int InfomaskOffset = 20;
    private const int ColumnsOffset = 22;
    private const ushort InserterCommitted = 0x0100;
    private const ushort InserterAborted = 0x0200;
    private const ushort DeleterAborted = 0x0800;

    /// <summary>The row's columns, without header and bitmap.</summary>
    public required ReadOnlySpan<byte> Columns { get; init; }

    /// <summary>
    /// Whether its flags say that it is there: who inserted it has committed, and nobody has deleted it. The flags are set late, so false means nothing.
    /// </summary>
    public required bool IsKnownLive { get; init; }

    /// <summary>Whether its flags do not say that it is not there: nobody is known to have deleted it, nor its inserter to have been rolled back.</summary>
    public required bool MayBeLive { get; init; }

    public static bool TryRead(ReadOnlySpan<byte> bytes, out HeapTuple tuple)
    {
        tuple = default;
        if (bytes.Length <= HeaderLength || bytes[ColumnsOffset] < HeaderLength || bytes[ColumnsOffset] > bytes.Length)
        {
            return false;
        }

        var flags = BinaryPrimitives.ReadUInt16LittleEndian(bytes[InfomaskOffset..]);
        var deleter = BinaryPrimitives.ReadUInt32LittleEndian(bytes[DeleterOffset..]);

        // Frozen is this bit and that of an aborted inserter together.
        var isInserted = (flags & InserterCommitted) != 0;
        var isKept = deleter == 0 || (flags & DeleterAborted) != 0;
        tuple = new HeapTuple { Columns = bytes[bytes[ColumnsOffset]..], IsKnownLive = isInserted && isKept, MayBeLive = isKept && (isInserted || (flags & InserterAborted) == 0) };
        return true;
    }
}
