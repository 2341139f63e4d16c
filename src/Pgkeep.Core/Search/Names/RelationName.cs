namespace Pgkeep.Search.Names;

/// <param name="Database">Null of a shared relation; the OID where the name is not known.</param>
/// <param name="Schema">Its OID where the name is not known.</param>
internal sealed record RelationName(string? Database, string Schema, string Relation)
{
    /// <summary>As SQL takes it, behind the database: <c>shop.public.orders</c>.</summary>
    public override string ToString() => string.Join('.', ((IEnumerable<string?>)[Database, Schema, Relation]).OfType<string>().Select(Quote));

    private static string Quote(string name) => name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character is '_' or '$')
        ? name
        : name.All(char.IsAsciiDigit) && name.Length > 0 ? name : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
