using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static Pgkeep.Postgres.Wal.WalRecordBody;

namespace Pgkeep.Postgres.Wal;

/// <summary>
/// Which blocks a record names, and where its main data lie: what <see cref="WalRecordBody"/> tells too, without the rest, in a third of the time. It is for who looks at every record
/// of a segment while a server waits. One serves for record after record.
/// </summary>
// PostgreSQL src/backend/access/transam/xlogreader.c, DecodeXLogRecord
internal sealed class WalRecordBlocks
{
    private const int ShortestBlock = 8;
    private const int ImageLength = 5;
    private const int LongestBlock = ShortestBlock + RelationFileLocator.Length + ImageLength + sizeof(ushort);

    private readonly NamedBlock[] _blocks = new NamedBlock[WalRecordBody.MaxBlocks];
    private WalFormat? _format;
    private byte _compressed;
    private int _count;
    private long _mainOffset;

    public ReadOnlySpan<NamedBlock> Blocks => _blocks.AsSpan(0, _count);

    /// <summary>As much of the main data of the record as is there.</summary>
    public ReadOnlySpan<byte> MainData(scoped in WalRecord record) => _mainOffset < record.Bytes.Length ? record.Bytes[(int)_mainOffset..] : [];

    /// <returns>False where the record contradicts itself, or where <see cref="WalRecordBody"/> has to be asked: its headers may end with what is held.</returns>
    public bool TryRead(in WalRecord record)
    {
        if (record.Format != _format)
        {
            _format = record.Format;
            _compressed = (byte)(_format.ImagePglz | _format.ImageLz4 | _format.ImageZstd);
        }

        // All in local variables, and every read checked once for a block: there may be ten million records in a second.
        var bytes = record.Bytes;
        ref var begin = ref MemoryMarshal.GetReference(bytes);
        var position = WalRecordHeader.Length;
        var rest = (long)record.Header.TotalLength - position;
        long data = 0;
        long main = 0;
        var count = 0;
        ulong place = 0;
        uint fileNode = 0;
        _count = 0;
        while (rest > data)
        {
            if (bytes.Length - position < LongestBlock && !HasHeader(bytes, position))
            {
                return false;
            }

            ref var at = ref Unsafe.Add(ref begin, position);
            int length;
            if (at < WalRecordBody.MaxBlocks)
            {
                var flags = Unsafe.Add(ref at, 1);
                data += Read<ushort>(ref at, 2);
                length = 4;
                if ((flags & HasImage) != 0)
                {
                    data += Read<ushort>(ref at, length);
                    var bits = Unsafe.Add(ref at, length + 4);
                    length += (bits & ImageHasHole) != 0 && (bits & _compressed) != 0 ? ImageLength + sizeof(ushort) : ImageLength;
                }

                if ((flags & SameRelation) == 0)
                {
                    (place, fileNode) = (Read<ulong>(ref at, length), Read<uint>(ref at, length + sizeof(ulong)));
                    length += RelationFileLocator.Length;
                }
                else if (count == 0)
                {
                    return false;
                }

                if (count == WalRecordBody.MaxBlocks || (flags & ForkMask) > (byte)RelationFork.Init)
                {
                    return false;
                }

                _blocks[count++] = new NamedBlock(place, fileNode, Read<uint>(ref at, length), (RelationFork)(flags & ForkMask));
                length += sizeof(uint);
            }
            else if (at is ShortData or LongData)
            {
                main = at == ShortData ? Unsafe.Add(ref at, 1) : Read<uint>(ref at, 1);
                data += main;
                rest -= at == ShortData ? 2 : 5;
                break;
            }
            else if (at is OriginId or TopLevelXidId)
            {
                length = at == OriginId ? 3 : 5;
            }
            else
            {
                return false;
            }

            position += length;
            rest -= length;
        }

        if (rest != data)
        {
            return false;
        }

        (_count, _mainOffset) = (count, record.Header.TotalLength - main);
        return true;
    }

    /// <summary>Whether the whole of a header is there, near the end of what is held.</summary>
    private static bool HasHeader(ReadOnlySpan<byte> bytes, int position)
    {
        var rest = bytes.Length - position;
        return rest > 1 && bytes[position] switch
        {
            ShortData => true,
            LongData or TopLevelXidId => rest >= 5,
            OriginId => rest >= 3,
            _ => (bytes[position + 1] & HasImage) == 0 && rest >= ((bytes[position + 1] & SameRelation) == 0 ? ShortestBlock + RelationFileLocator.Length : ShortestBlock),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Read<T>(ref byte at, int offset)
        where T : unmanaged => Unsafe.ReadUnaligned<T>(ref Unsafe.Add(ref at, offset));

    /// <param name="Place">The low half is the tablespace, the high half the database.</param>
    internal readonly record struct NamedBlock(ulong Place, uint FileNode, uint Block, RelationFork Fork)
    {
        public RelationFileLocator Relation => new(new Oid((uint)Place), new Oid((uint)(Place >> 32)), new Oid(FileNode));
    }
}
