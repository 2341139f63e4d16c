namespace Pgkeep.Postgres.Wal.Changes;

/// <summary>Relations' files as they lie in a record. Valid as long as the record is.</summary>
internal readonly ref struct PackedLocators(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Count => _bytes.Length / RelationFileLocator.Length;

    public RelationFileLocator this[int index] => RelationFileLocator.Read(_bytes.Slice(index * RelationFileLocator.Length, RelationFileLocator.Length));

    public RelationFileLocator[] ToArray()
    {
        var locators = new RelationFileLocator[Count];
        for (var i = 0; i < locators.Length; i++)
        {
            locators[i] = this[i];
        }

        return locators;
    }
}
