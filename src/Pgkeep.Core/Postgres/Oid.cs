namespace Pgkeep.Postgres;

/// <summary>An object identifier; 0 is PostgreSQL's InvalidOid.</summary>
// PostgreSQL src/include/postgres_ext.h
internal readonly record struct Oid(uint Value) : IComparable<Oid>
{
    public static bool TryParse(ReadOnlySpan<char> text, out Oid value)
    {
        var parsed = Digits.TryParseDecimal(text, out uint number);
        value = new Oid(number);
        return parsed;
    }

    public int CompareTo(Oid other) => Value.CompareTo(other.Value);

    public override string ToString() => $"{Value}";
}
