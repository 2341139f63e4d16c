using System.Buffers.Binary;

namespace Pgkeep.Postgres.Wal.Index;

/// <summary>Reads numbers and bytes; whatever the bytes are, it ends with a value. Behind the first thing that is not there, everything is 0 or empty.</summary>
internal ref struct IndexReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Position { get; private set; }

    /// <summary>Something that was asked for was not there.</summary>
    public bool IsBad { get; private set; }

    public readonly bool IsAtEnd => IsBad || Position == _bytes.Length;

    public readonly int Remaining => IsBad ? 0 : _bytes.Length - Position;

    public ulong Number()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (Position >= _bytes.Length)
            {
                break;
            }

            var next = _bytes[Position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        return Fail();
    }

    public long Signed()
    {
        var value = Number();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>One that fits into 32 bits.</summary>
    public uint Small()
    {
        var value = Number();
        return value <= uint.MaxValue ? (uint)value : (uint)Fail();
    }

    public uint UInt32() => Bytes(sizeof(uint)) is { Length: > 0 } bytes ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : 0;

    public ulong UInt64() => Bytes(sizeof(ulong)) is { Length: > 0 } bytes ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;

    public UInt128 UInt128() => Bytes(16) is { Length: > 0 } bytes ? BinaryPrimitives.ReadUInt128BigEndian(bytes) : 0;

    public ReadOnlySpan<byte> Bytes(int length)
    {
        if (IsBad || length < 0 || length > _bytes.Length - Position)
        {
            Fail();
            return [];
        }

        Position += length;
        return _bytes.Slice(Position - length, length);
    }

    public ReadOnlySpan<byte> Counted() => Bytes((int)Math.Min(Number(), int.MaxValue));

    /// <summary>How many items follow, of which each takes a byte at least: what does not fit is none.</summary>
    public int Count()
    {
        var count = Number();
        return count <= (ulong)Remaining ? (int)count : (int)Fail();
    }

    public void Fail(bool when) => IsBad |= when;

    private ulong Fail()
    {
        IsBad = true;
        return 0;
    }
}
