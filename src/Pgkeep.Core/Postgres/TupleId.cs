namespace Pgkeep.Postgres;

/// <summary>Where a version of a row lies in its table: the block, and the number of its line pointer in it, from 1 on. SQL calls it ctid.</summary>
// PostgreSQL src/include/storage/itemptr.h, ItemPointerData
internal readonly record struct TupleId(uint Block, ushort Offset)
{
    /// <summary>As the server writes it: <c>(0,1)</c>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TupleId value)
    {
        value = default;
        var comma = text.IndexOf(',');
        if (comma < 0
            || text[0] != '('
            || text[^1] != ')'
            || !Digits.TryParseDecimal(text[1..comma], out uint block)
            || !Digits.TryParseDecimal(text[(comma + 1)..^1], out uint offset)
            || offset > ushort.MaxValue)
        {
            return false;
        }

        value = new TupleId(block, (ushort)offset);
        return true;
    }

    public override string ToString() => $"({Block},{Offset})";
}
