using System.Numerics;
using System.Runtime.CompilerServices;

namespace Pgkeep.Postgres.Wal.Index;

/// <summary>
/// Collects numbers in any order, most of them many times. Where few lie near each other they are kept as a list, and else as bits.
/// </summary>
internal sealed class NumberSetBuilder
{
    private const int ChunkBits = 16;
    private const int Words = (1 << ChunkBits) / 64;

    /// <summary>So many are looked through in a few steps; of more, the bits are kept. A table that is changed all over thus takes 8 kB for 512 MB of it at most.</summary>
    private const int LongestList = 32;

    private readonly bool _isDense;
    private Chunk?[] _chunks = [];
    private Chunk? _recent;
    private uint _recentKey;

    /// <param name="isDense">Bits from the beginning: <see cref="Contains"/> is for those only.</param>
    public NumberSetBuilder(bool isDense) => _isDense = isDense;

    /// <summary>Bytes that it holds, more or less.</summary>
    public long Memory { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(uint number)
    {
        var key = number >> ChunkBits;
        var chunk = _recent is not null && key == _recentKey ? _recent : Find(key);
        var low = (ushort)number;
        if (chunk.Bits is { } bits)
        {
            bits[low >> 6] |= 1UL << low;
        }
        else if (chunk.Count == 0 || (chunk.List[chunk.Count - 1] != low && !chunk.List.AsSpan(0, chunk.Count).Contains(low)))
        {
            AddToList(chunk, low);
        }
    }

    public bool Contains(uint number)
    {
        var key = number >> ChunkBits;
        return key < (uint)_chunks.Length && _chunks[key]?.Bits is { } bits && (bits[(ushort)number >> 6] & (1UL << (ushort)number)) != 0;
    }

    /// <param name="without">Numbers that do not count; dense as this one.</param>
    public NumberSet ToSet(params ReadOnlySpan<NumberSetBuilder> without)
    {
        var writer = new NumberSet.Writer();
        var bits = new ulong[Words];
        for (var key = 0; key < _chunks.Length; key++)
        {
            if (_chunks[key] is not { } chunk)
            {
                continue;
            }

            if (chunk.Bits is null)
            {
                AddList(writer, chunk, (uint)key << ChunkBits);
                continue;
            }

            chunk.Bits.CopyTo(bits, 0);
            foreach (var others in without)
            {
                Remove(bits, key < others._chunks.Length ? others._chunks[key]?.Bits ?? [] : []);
            }

            AddBits(writer, bits, (uint)key << ChunkBits);
        }

        return writer.ToSet();
    }

    private static void AddList(NumberSet.Writer writer, Chunk chunk, uint high)
    {
        var list = chunk.List.AsSpan(0, chunk.Count);
        list.Sort();
        foreach (var low in list)
        {
            writer.Add(high | low, high | low);
        }
    }

    private static void AddBits(NumberSet.Writer writer, ReadOnlySpan<ulong> bits, uint high)
    {
        for (var i = 0; i < bits.Length; i++)
        {
            var at = high | ((uint)i << 6);
            for (var word = bits[i]; word != 0;)
            {
                var first = BitOperations.TrailingZeroCount(word);
                var length = BitOperations.TrailingZeroCount(~(word >> first));
                writer.Add(at + (uint)first, at + (uint)(first + length) - 1);
                word = first + length >= 64 ? 0 : word & (ulong.MaxValue << (first + length));
            }
        }
    }

    private Chunk Find(uint key)
    {
        if (key >= (uint)_chunks.Length)
        {
            Array.Resize(ref _chunks, (int)Math.Min(Math.Max(key + 1, 2u * (uint)_chunks.Length), 1u << (32 - ChunkBits)));
            Memory += (long)_chunks.Length * IntPtr.Size;
        }

        if (_chunks[key] is null)
        {
            _chunks[key] = new Chunk { Bits = _isDense ? new ulong[Words] : null, List = _isDense ? [] : new ushort[LongestList] };
            Memory += 64 + (_isDense ? Words * sizeof(ulong) : LongestList * sizeof(ushort));
        }

        (_recent, _recentKey) = (_chunks[key]!, key);
        return _recent;
    }

    private static void Remove(Span<ulong> bits, ReadOnlySpan<ulong> others)
    {
        for (var i = 0; i < others.Length; i++)
        {
            bits[i] &= ~others[i];
        }
    }

    private void AddToList(Chunk chunk, ushort low)
    {
        if (chunk.Count < chunk.List.Length)
        {
            chunk.List[chunk.Count++] = low;
            return;
        }

        var bits = new ulong[Words];
        bits[low >> 6] |= 1UL << low;
        foreach (var other in chunk.List)
        {
            bits[other >> 6] |= 1UL << other;
        }

        chunk.Bits = bits;
        Memory += Words * sizeof(ulong);
    }

    private sealed class Chunk
    {
        public ulong[]? Bits;
        public ushort[] List = [];
        public int Count;
    }
}
