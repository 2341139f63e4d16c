using System.Buffers.Binary;

namespace Pgkeep.Streams;

/// <summary>CRC-32 on any processor: 16 bytes a step, by one table for each of their places ("slicing by 16").</summary>
internal static class Crc32Tables
{
    public const uint Polynomial = 0xEDB88320;

    private const int Slices = 16;
    private const int TableLength = 256;

    // Slice s holds the state that a byte leaves behind after s more bytes of zeros.
    private static readonly uint[] Tables = Compute();

    /// <summary>Continues from a state, which is the complement of a checksum.</summary>
    public static uint Append(uint state, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= Slices)
        {
            state = Look(15, state ^ BinaryPrimitives.ReadUInt32LittleEndian(bytes))
                ^ Look(11, BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]))
                ^ Look(7, BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]))
                ^ Look(3, BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]));
            bytes = bytes[Slices..];
        }

        foreach (var single in bytes)
        {
            state = Tables[(byte)state ^ single] ^ (state >> 8);
        }

        return state;
    }

    private static uint Look(int firstSlice, uint word) =>
        Tables[(firstSlice * TableLength) + (byte)word]
        ^ Tables[((firstSlice - 1) * TableLength) + (byte)(word >> 8)]
        ^ Tables[((firstSlice - 2) * TableLength) + (byte)(word >> 16)]
        ^ Tables[((firstSlice - 3) * TableLength) + (byte)(word >> 24)];

    private static uint[] Compute()
    {
        var tables = new uint[Slices * TableLength];
        for (var i = 0u; i < TableLength; i++)
        {
            var state = i;
            for (var bit = 0; bit < 8; bit++)
            {
                state = (state >> 1) ^ ((state & 1) * Polynomial);
            }

            tables[i] = state;
        }

        for (var i = TableLength; i < tables.Length; i++)
        {
            var previous = tables[i - TableLength];
            tables[i] = tables[(byte)previous] ^ (previous >> 8);
        }

        return tables;
    }
}
