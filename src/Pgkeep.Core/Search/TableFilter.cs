using System.Diagnostics.CodeAnalysis;
using System.Text;
using Pgkeep.Search.Names;

namespace Pgkeep.Search;

/// <summary>A table as a person names it: <c>orders</c>, <c>public.orders</c>, <c>shop.public.orders</c>; a name with a dot or a blank in it in double quotes. Case counts.</summary>
internal sealed class TableFilter
{
    private readonly string _text;
    private readonly byte[] _relation;

    private TableFilter(string text, string? database, string? schema, string relation)
    {
        (_text, Database, Schema, Relation) = (text, database, schema, relation);
        _relation = Encoding.UTF8.GetBytes(relation);
    }

    public string? Database { get; }

    public string? Schema { get; }

    public string Relation { get; }

    public static bool TryParse(string text, [NotNullWhen(true)] out TableFilter? filter)
    {
        filter = null;
        var parts = new List<string>();
        for (var position = 0; position <= text.Length; position++)
        {
            if (!TryReadPart(text, ref position, out var part) || part.Length == 0 || parts.Count == 3)
            {
                return false;
            }

            parts.Add(part);
        }

        filter = new TableFilter(text, parts.Count > 2 ? parts[0] : null, parts.Count > 1 ? parts[^2] : null, parts[^1]);
        return true;
    }

    /// <summary>By the relation's own name alone, without looking up any other.</summary>
    public bool MayMatch(CatalogRow row) => row.Name.Span.SequenceEqual(_relation);

    public bool Matches(RelationName name) =>
        name.Relation == Relation && (Schema is null || name.Schema == Schema) && (Database is null || name.Database == Database);

    public bool Matches(CatalogRow? row, RelationNames names) => row is not null && MayMatch(row) && Matches(names.Describe(row));

    /// <summary>As it was typed.</summary>
    public override string ToString() => _text;

    /// <summary>Up to the next dot, at which the position stands then, or to the end.</summary>
    private static bool TryReadPart(string text, ref int position, out string part)
    {
        var isQuoted = position < text.Length && text[position] == '"';
        if (!isQuoted)
        {
            var dot = text.IndexOf('.', position);
            var end = dot < 0 ? text.Length : dot;
            part = text[position..end];
            position = end;
            return !part.Contains('"');
        }

        var name = new StringBuilder();
        for (position++; position < text.Length; position++)
        {
            if (text[position] == '"' && (position + 1 == text.Length || text[position + 1] != '"'))
            {
                position++;
                part = name.ToString();
                return position == text.Length || text[position] == '.';
            }

            name.Append(text[position]);
            position += text[position] == '"' ? 1 : 0;
        }

        part = "";
        return false;
    }
}
