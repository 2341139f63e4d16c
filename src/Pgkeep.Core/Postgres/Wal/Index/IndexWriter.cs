using System.Buffers.Binary;

namespace Pgkeep.Postgres.Wal.Index;

/// <summary>Writes what <see cref="IndexReader"/> reads: numbers of 7 bits a byte, the lowest first.</summary>
internal sealed class IndexWriter
{
    private const int LongestNumber = 10;

    private byte[] _bytes = new byte[64];

    public int Length { get; private set; }

    public void Number(ulong value)
    {
        var target = Reserve(LongestNumber);
        var count = 0;
        for (; value >= 0x80; value >>= 7)
        {
            target[count++] = (byte)(value | 0x80);
        }

        target[count++] = (byte)value;
        Length += count;
    }

    /// <summary>A number that may be negative, near 0 in few bytes.</summary>
    public void Signed(long value) => Number((ulong)(value << 1) ^ (ulong)(value >> 63));

    public void UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Reserve(sizeof(uint)), value);
        Length += sizeof(uint);
    }

    public void UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Reserve(sizeof(ulong)), value);
        Length += sizeof(ulong);
    }

    public void UInt128(UInt128 value)
    {
        BinaryPrimitives.WriteUInt128BigEndian(Reserve(16), value);
        Length += 16;
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        Length += bytes.Length;
    }

    /// <summary>With its length before it.</summary>
    public void Counted(ReadOnlySpan<byte> bytes)
    {
        Number((ulong)bytes.Length);
        Bytes(bytes);
    }

    public byte[] ToArray() => _bytes.AsSpan(0, Length).ToArray();

    private Span<byte> Reserve(int length)
    {
        if (_bytes.Length - Length < length)
        {
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, Length + length));
        }

        return _bytes.AsSpan(Length);
    }
}
