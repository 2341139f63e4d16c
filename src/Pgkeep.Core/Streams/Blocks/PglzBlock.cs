namespace Pgkeep.Streams.Blocks;

/// <summary>PostgreSQL's own compression, as full-page images of the WAL have it. The length of the plain content is not in it.</summary>
// PostgreSQL src/common/pg_lzcompress.c, pglz_decompress
internal static class PglzBlock
{
    private const int ItemsOfControl = 8;
    private const int ShortestMatch = 3;
    private const int LongMatch = 18;

    /// <summary>False where it is damaged, or its content is not exactly as long as the target.</summary>
    public static bool TryDecompress(ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        var (read, written) = (0, 0);
        while (read < stored.Length && written < plain.Length)
        {
            var control = stored[read++];
            for (var item = 0; item < ItemsOfControl && read < stored.Length && written < plain.Length; item++, control >>= 1)
            {
                if ((control & 1) == 0)
                {
                    plain[written++] = stored[read++];
                }
                else if (!TryCopy(stored, ref read, plain, ref written))
                {
                    return false;
                }
            }
        }

        return read == stored.Length && written == plain.Length;
    }

    private static bool TryCopy(ReadOnlySpan<byte> stored, ref int read, Span<byte> plain, ref int written)
    {
        if (read + 2 > stored.Length)
        {
            return false;
        }

        var length = (stored[read] & 0x0F) + ShortestMatch;
        var distance = ((stored[read] & 0xF0) << 4) | stored[read + 1];
        read += 2;
        if (length == LongMatch)
        {
            if (read == stored.Length)
            {
                return false;
            }

            length += stored[read++];
        }

        // The last one may say more than there is room for.
        return BlockCopy.TryRepeat(plain, ref written, distance, Math.Min(length, plain.Length - written));
    }
}
