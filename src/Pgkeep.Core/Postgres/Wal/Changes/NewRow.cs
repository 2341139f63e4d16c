namespace Pgkeep.Postgres.Wal.Changes;

/// <summary>A version of a row that a record adds to a table, as far as the record itself has it. Valid as long as the record is.</summary>
internal readonly ref struct NewRow
{
    public required TupleId Place { get; init; }

    /// <summary>Whether the record has the row; where not, an image of its page has it.</summary>
    public required bool IsInRecord { get; init; }

    /// <summary>The row's columns, without header and bitmap; those in the middle only, where the others are as in the version before.</summary>
    public ReadOnlySpan<byte> Columns { get; init; }

    /// <summary>So many bytes from the beginning of the columns of the version before come first.</summary>
    public ushort Prefix { get; init; }

    /// <summary>So many from their end come last.</summary>
    public ushort Suffix { get; init; }

    public int Length => Prefix + Columns.Length + Suffix;
}
