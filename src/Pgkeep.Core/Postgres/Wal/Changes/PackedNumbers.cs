using System.Buffers.Binary;

namespace Pgkeep.Postgres.Wal.Changes;

/// <summary>Numbers of 32 bits as they lie in a record: transactions or objects. Valid as long as the record is.</summary>
internal readonly ref struct PackedNumbers(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Count => _bytes.Length / sizeof(uint);

    public uint this[int index] => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.Slice(index * sizeof(uint), sizeof(uint)));

    public bool Contains(uint number)
    {
        for (var i = 0; i < Count; i++)
        {
            if (this[i] == number)
            {
                return true;
            }
        }

        return false;
    }

    public uint[] ToArray()
    {
        var numbers = new uint[Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = this[i];
        }

        return numbers;
    }
}
