namespace Pgkeep.Options;

/// <summary>How many slips of the finger lie between two names; for "did you mean".</summary>
internal static class EditDistance
{
    private const int LongestName = 64;

    /// <summary>The candidate that is so near that it was probably meant; null where none is.</summary>
    public static string? Nearest(string name, IEnumerable<string> candidates) =>
        candidates
            .Select(candidate => (candidate, distance: Between(name, candidate)))
            .Where(found => found.distance <= Tolerated(name))
            .OrderBy(found => found.distance)
            .Select(found => found.candidate)
            .FirstOrDefault();

    /// <summary>Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).</summary>
    public static int Between(string left, string right)
    {
        if (left.Length > LongestName || right.Length > LongestName)
        {
            return int.MaxValue;
        }

        Span<int> beforePrevious = stackalloc int[right.Length + 1];
        Span<int> previous = stackalloc int[right.Length + 1];
        Span<int> current = stackalloc int[right.Length + 1];
        for (var column = 0; column <= right.Length; column++)
        {
            previous[column] = column;
        }

        for (var row = 1; row <= left.Length; row++)
        {
            current[0] = row;
            for (var column = 1; column <= right.Length; column++)
            {
                var replaced = previous[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1);
                current[column] = Math.Min(replaced, Math.Min(previous[column], current[column - 1]) + 1);
                if (row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1])
                {
                    current[column] = Math.Min(current[column], beforePrevious[column - 2] + 1);
                }
            }

            var oldest = beforePrevious;
            beforePrevious = previous;
            previous = current;
            current = oldest;
        }

        return previous[right.Length];
    }

    private static int Tolerated(string name) => name.Length switch
    {
        < 3 => 0,
        < 8 => 1,
        _ => 2,
    };
}
