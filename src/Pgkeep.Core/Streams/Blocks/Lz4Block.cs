namespace Pgkeep.Streams.Blocks;

/// <summary>One LZ4 block without a frame around it, as full-page images of the WAL have it. The length of the plain content is not in it.</summary>
// https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
internal static class Lz4Block
{
    private const int LengthMask = 0x0F;
    private const int ShortestMatch = 4;

    /// <summary>False where it is damaged, or its content is not exactly as long as the target.</summary>
    public static bool TryDecompress(ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        var (read, written) = (0, 0);
        while (read < stored.Length)
        {
            var token = stored[read++];
            if (!TryReadLength(stored, ref read, token >> 4, out var literals) || literals > stored.Length - read || literals > plain.Length - written)
            {
                return false;
            }

            stored.Slice(read, literals).CopyTo(plain[written..]);
            read += literals;
            written += literals;
            if (read == stored.Length)
            {
                // The last sequence has literals only.
                return written == plain.Length;
            }

            if (read + 2 > stored.Length)
            {
                return false;
            }

            var distance = stored[read] | (stored[read + 1] << 8);
            read += 2;
            if (!TryReadLength(stored, ref read, token & LengthMask, out var length)
                || length > plain.Length - written - ShortestMatch
                || !BlockCopy.TryRepeat(plain, ref written, distance, length + ShortestMatch))
            {
                return false;
            }
        }

        return false;
    }

    private static bool TryReadLength(ReadOnlySpan<byte> stored, ref int read, int first, out int length)
    {
        length = first;
        if (first < LengthMask)
        {
            return true;
        }

        while (read < stored.Length)
        {
            var more = stored[read++];
            length += more;
            if (more < byte.MaxValue)
            {
                return true;
            }
        }

        return false;
    }
}
