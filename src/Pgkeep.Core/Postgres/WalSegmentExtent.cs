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
    /// <param name="content">The whole segment, plain.</param>
    /// <returns>False where it does not begin with the first page of that segment.</returns>
    public static bool TryMeasure(
        ReadOnlySpan<byte> content, WalSegmentName name, WalSegmentSize size, SystemIdentifier identifier, [NotNullWhen(true)] out WalSegmentExtent? extent)
    {
        extent = null;
        if (content.Length != size.Bytes
            || !WalPageHeader.TryParse(content, out var first, out _)
            || first.BlockSize is not ({ } blockSize and >= 1024 and <= 65536)
            || size.Bytes % blockSize != 0)
        {
            return false;
        }

        var check = new WalSegmentCheck(name, size, identifier);
        var end = name.StartLsn(size);
        var isSound = true;
        for (var offset = 0; isSound && offset < content.Length; offset += (int)blockSize)
        {
            var page = content.Slice(offset, (int)blockSize);
            isSound = check.TryAdd(page, (int)blockSize, out _);
            if (isSound && page.LastIndexOfAnyExcept((byte)0) is >= 0 and var last)
            {
                end = name.StartLsn(size) + (ulong)(offset + last + 1);
            }
        }

        extent = end > name.StartLsn(size) ? new WalSegmentExtent(end, isSound) : null;
        return extent is not null;
    }
}
