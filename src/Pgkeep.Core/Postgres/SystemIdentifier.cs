namespace Pgkeep.Postgres;

/// <summary>
/// The number that <c>initdb</c> gives a cluster. It stands in pg_control and in every WAL segment, and a base backup, a standby and
/// a restored copy keep it: equal identifiers mean a common origin, not the same server.
/// </summary>
// PostgreSQL src/include/catalog/pg_control.h, ControlFileData.system_identifier
internal readonly record struct SystemIdentifier(ulong Value)
{
    public static bool TryParse(ReadOnlySpan<char> text, out SystemIdentifier value)
    {
        var parsed = Digits.TryParseDecimal(text, out ulong number);
        value = new SystemIdentifier(number);
        return parsed;
    }

    public override string ToString() => $"{Value}";
}
