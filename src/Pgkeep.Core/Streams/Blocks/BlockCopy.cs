namespace Pgkeep.Streams.Blocks;

internal static class BlockCopy
{
    /// <summary>Repeats what was written a distance before, which may overlap with what is being written: then it is a pattern.</summary>
    /// <returns>False where nothing was written so far back, or there is no room.</returns>
    public static bool TryRepeat(Span<byte> plain, ref int written, int distance, int length)
    {
        if (distance == 0 || distance > written || length > plain.Length - written)
        {
            return false;
        }

        for (var end = written + length; written < end; written++)
        {
            plain[written] = plain[written - distance];
        }

        return true;
    }
}
