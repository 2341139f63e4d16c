using System.Buffers.Binary;

namespace Pgkeep.Postgres.Wal.Changes;

/// <summary>Reads the main data of a record from the front; what is not there is 0 or empty, and everything behind it too.</summary>
internal ref struct MainDataCursor(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    /// <summary>Whether something was asked for that is not there: the record says less than it should, or less of it is held.</summary>
    public bool IsShort { get; private set; }

    public uint UInt32() => Take(sizeof(uint)) is { Length: > 0 } bytes ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : 0;

    public Oid Oid() => new(UInt32());

    public RelationFileLocator Locator() => Take(RelationFileLocator.Length) is { Length: > 0 } bytes ? RelationFileLocator.Read(bytes) : default;

    /// <summary>So many items of a length.</summary>
    public ReadOnlySpan<byte> Items(uint count, int itemLength) => Take((long)count * itemLength);

    /// <summary>A count, and as many items.</summary>
    public ReadOnlySpan<byte> CountedItems(int itemLength) => Items(UInt32(), itemLength);

    private ReadOnlySpan<byte> Take(long length)
    {
        IsShort |= length > _rest.Length;
        if (IsShort)
        {
            _rest = [];
            return [];
        }

        var taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }
}
