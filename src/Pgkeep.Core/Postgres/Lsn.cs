namespace Pgkeep.Postgres;

/// <summary>
/// A log sequence number: a byte position in the write-ahead log. 0/0 is PostgreSQL's InvalidXLogRecPtr.
/// </summary>
// PostgreSQL src/include/access/xlogdefs.h, XLogRecPtr and LSN_FORMAT_ARGS
internal readonly record struct Lsn(ulong Value) : IComparable<Lsn>
{
    public static bool operator <(Lsn left, Lsn right) => left.Value < right.Value;

    public static bool operator >(Lsn left, Lsn right) => left.Value > right.Value;

    public static bool operator <=(Lsn left, Lsn right) => left.Value <= right.Value;

    public static bool operator >=(Lsn left, Lsn right) => left.Value >= right.Value;

    /// <exception cref="OverflowException">The sum lies past the last position there is.</exception>
    public static Lsn operator +(Lsn position, ulong bytes) => new(checked(position.Value + bytes));

    /// <summary>The number of bytes from the right position to the left one.</summary>
    /// <exception cref="OverflowException">The left position lies before the right one.</exception>
    public static ulong operator -(Lsn left, Lsn right) => checked(left.Value - right.Value);

    /// <summary>Takes what <see cref="ToString"/> and the server write, with 1 to 8 hexadecimal digits on each side.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Lsn value)
    {
        value = default;
        var slash = text.IndexOf('/');
        if (slash < 0 || !Digits.TryParseHex(text[..slash], out var high) || !Digits.TryParseHex(text[(slash + 1)..], out var low))
        {
            return false;
        }

        value = new Lsn(((ulong)high << 32) | low);
        return true;
    }

    /// <exception cref="FormatException">The text is not an LSN.</exception>
    public static Lsn Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var value) ? value : throw new FormatException($"\"{text}\" is not an LSN");

    public int CompareTo(Lsn other) => Value.CompareTo(other.Value);

    public override string ToString() => $"{(uint)(Value >> 32):X}/{(uint)Value:X}";
}
