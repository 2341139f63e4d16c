using System.Diagnostics.CodeAnalysis;

namespace Pgkeep.Postgres;

/// <summary>How far the WAL in a segment goes that nobody has finished: one that is being received, or the last one in a <c>pg_wal</c>.</summary>
/// <param name="End">
/// Behind the last byte that is not zero on the last page that follows from the first. A record may end in zeros, so WAL may go on to the end of that
/// page, and no further.
/// </param>
/// <param name="IsSound">Whether nothing but zeros follows: so it is where the rest was never written, and not where a segment was used before.</param>
internal sealed record WalSegmentExtent(Lsn End, bool IsSound)
{
    /// <param name="length">Of the plain segment.</param>
    /// <param name="read">Fills the target with what is at an offset of it.</param>
    /// <returns>False where it does not begin with the first page of that segment, or is not as long.</returns>
    public static bool TryMeasure(
        long length, WalSegmentEnding.ReadAt read, WalSegmentName name, WalSegmentSize size, SystemIdentifier identifier, [NotNullWhen(true)] out WalSegmentExtent? extent)
    {
        extent = null;
        if (length != size.Bytes)
        {
            return false;
        }

        var measure = new WalSegmentMeasure(name, size, identifier);
        var piece = GC.AllocateUninitializedArray<byte>(WalSegmentMeasure.PieceLength);
        for (var offset = 0L; offset < length && measure.IsSound; offset += piece.Length)
        {
            read(piece, offset);
            measure.Add(piece);
        }

        extent = measure.Extent;
        return extent is not null;
    }
}
