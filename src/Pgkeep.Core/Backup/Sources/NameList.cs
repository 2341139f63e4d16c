using System.Buffers.Binary;
using System.Collections;
using System.Text;

namespace Pgkeep.Backup.Sources;

/// <summary>
/// The names in a directory, of which there can be a million: their bytes lie one behind the other, and a string is made only of the one that is
/// asked for. As strings a million names of relations take some 60 MB, here 16.
/// </summary>
internal sealed class NameList : IReadOnlyList<string>
{
    private const int PrefixLength = sizeof(ushort);

    private byte[] _bytes = new byte[1024];
    private int[] _starts = new int[32];
    private int _filled;

    public int Count { get; private set; }

    public string this[int index] => Encoding.UTF8.GetString(BytesAt(_starts[index]));

    public void Add(ReadOnlySpan<char> name)
    {
        var length = Encoding.UTF8.GetByteCount(name);
        if (_filled + PrefixLength + length > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length + (_bytes.Length / 2), _filled + PrefixLength + length));
        }

        if (Count == _starts.Length)
        {
            Array.Resize(ref _starts, Count + (Count / 2));
        }

        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(_filled), checked((ushort)length));
        Encoding.UTF8.GetBytes(name, _bytes.AsSpan(_filled + PrefixLength));
        _starts[Count++] = _filled;
        _filled += PrefixLength + length;
    }

    /// <summary>Byte by byte.</summary>
    public void Sort() => _starts.AsSpan(0, Count).Sort((one, other) => BytesAt(one).SequenceCompareTo(BytesAt(other)));

    public void RemoveAll(Predicate<string> isUnwanted)
    {
        var kept = 0;
        for (var index = 0; index < Count; index++)
        {
            if (!isUnwanted(this[index]))
            {
                _starts[kept++] = _starts[index];
            }
        }

        Count = kept;
    }

    public IEnumerator<string> GetEnumerator()
    {
        for (var index = 0; index < Count; index++)
        {
            yield return this[index];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private ReadOnlySpan<byte> BytesAt(int start) => _bytes.AsSpan(start + PrefixLength, BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(start)));
}
