using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Pgkeep.Postgres.Wal;

/// <summary>
/// What a record says beside its header: the blocks it changes, and where its data lie. One serves for record after record, and nothing is allocated;
/// it looks at headers only, which all come before the data, so the beginning of a long record is enough.
/// </summary>
// PostgreSQL src/backend/access/transam/xlogreader.c, DecodeXLogRecord
internal sealed class WalRecordBody
{
    /// <summary>XLR_MAX_BLOCK_ID + 1.</summary>
    public const int MaxBlocks = 33;

    /// <summary>More than the headers of any record have: 33 blocks of up to 27 bytes, origin, transaction and the length of the main data.</summary>
    public const int MaxHeaderLength = 1024;

    internal const byte ShortData = 255;
    internal const byte LongData = 254;
    internal const byte OriginId = 253;
    internal const byte TopLevelXidId = 252;

    internal const byte ForkMask = 0x0F;
    internal const byte HasImage = 0x10;
    private const byte HasData = 0x20;
    private const byte WillInit = 0x40;
    internal const byte SameRelation = 0x80;
    internal const byte ImageHasHole = 0x01;

    private readonly WalBlockReference[] _blocks = new WalBlockReference[MaxBlocks];
    private int _count;
    private string _problem = "";

    public ReadOnlySpan<WalBlockReference> Blocks => _blocks.AsSpan(0, _count);

    /// <summary>Where the data begin, counted from the record's beginning: the offsets of the blocks count from there.</summary>
    public int DataOffset { get; private set; }

    /// <summary>The data of the resource manager, counted from the record's beginning; they are the last of it.</summary>
    public int MainOffset { get; private set; }

    public int MainLength { get; private set; }

    /// <summary>Of the node that logical replication brought the change from; 0 is none.</summary>
    public ushort Origin { get; private set; }

    /// <summary>The transaction that the record's subtransaction belongs to, where this is the first that it says of itself; 0 otherwise.</summary>
    public uint TopLevelXid { get; private set; }

    /// <summary>Bytes of all full-page images.</summary>
    public uint ImageLength { get; private set; }

    /// <param name="problem">A lower-case fact about the record, where false is returned.</param>
    public bool TryDecode(in WalRecord record, out string problem)
    {
        (_count, DataOffset, MainOffset, MainLength, Origin, TopLevelXid, ImageLength, _problem) = (0, 0, 0, 0, 0, 0, 0, "");
        var headers = new Cursor(record.Bytes, WalRecordHeader.Length);
        var total = (long)record.Header.TotalLength;
        long data = 0;
        var isLast = false;
        while (!isLast && _problem.Length == 0 && total - headers.Position > data)
        {
            isLast = ReadOne(ref headers, record.Format, ref data);
        }

        if (_problem.Length == 0 && (headers.IsShort || total - headers.Position != data))
        {
            _problem = headers.IsShort ? "has headers that are longer than it" : $"has {total - headers.Position} bytes of data, and its headers say {data}";
        }

        problem = _problem;
        if (problem.Length > 0)
        {
            _count = 0;
            return false;
        }

        // The data follow the headers: of each block its image and then its data, and the main data last.
        DataOffset = headers.Position;
        MainOffset = (int)(total - MainLength);
        return true;
    }

    /// <summary>As much of the main data as is there.</summary>
    public ReadOnlySpan<byte> MainData(scoped in WalRecord record) => Held(record, MainOffset, MainLength);

    /// <summary>As much of a block's data as is there.</summary>
    public ReadOnlySpan<byte> Data(scoped in WalRecord record, in WalBlockReference block) => Held(record, DataOffset + block.DataOffset, block.DataLength);

    /// <summary>As much of a block's page image as is there, as it is stored.</summary>
    public ReadOnlySpan<byte> Image(scoped in WalRecord record, in WalBlockReference block) => Held(record, DataOffset + block.ImageOffset, block.ImageLength);

    private static ReadOnlySpan<byte> Held(scoped in WalRecord record, int offset, int length) =>
        offset >= record.Bytes.Length ? [] : record.Bytes.Slice(offset, Math.Min(length, record.Bytes.Length - offset));

    /// <returns>Whether it was the header of the main data, behind which there is no other.</returns>
    private bool ReadOne(ref Cursor headers, WalFormat format, ref long data)
    {
        var id = headers.Byte();
        switch (id)
        {
            case ShortData or LongData:
                var length = id == ShortData ? headers.Byte() : headers.UInt32();
                MainLength = (int)Math.Min(length, WalRecordHeader.MaxTotalLength);
                data += length;
                return true;
            case OriginId:
                Origin = headers.UInt16();
                return false;
            case TopLevelXidId when format.HasTopLevelXid:
                TopLevelXid = headers.UInt32();
                return false;
            case < MaxBlocks:
                ReadBlock(id, ref headers, format, ref data);
                return headers.IsShort;
            default:
                _problem = $"has a part of the unknown kind {id}";
                return true;
        }
    }

    private void ReadBlock(byte id, ref Cursor headers, WalFormat format, ref long data)
    {
        var flags = headers.Byte();
        var dataLength = headers.UInt16();
        var image = (flags & HasImage) != 0 ? ReadImage(ref headers, format) : default;
        var relation = (flags & SameRelation) == 0 ? new RelationFileLocator(new Oid(headers.UInt32()), new Oid(headers.UInt32()), new Oid(headers.UInt32())) : default;
        var block = headers.UInt32();
        if (headers.IsShort || _problem.Length > 0)
        {
            return;
        }

        if ((flags & SameRelation) != 0)
        {
            relation = _count > 0 ? _blocks[_count - 1].Relation : default;
        }

        _problem = _count > 0 && id <= _blocks[_count - 1].Id ? $"has block {id} after block {_blocks[_count - 1].Id}"
            : (flags & ForkMask) > (byte)RelationFork.Init ? $"has block {id} in a fork {flags & ForkMask}"
            : (flags & SameRelation) != 0 && _count == 0 ? $"has block {id} in the relation of the block before, and there is none"
            : (flags & HasData) != 0 == (dataLength == 0) ? $"contradicts itself on the data of block {id}"
            : "";
        if (_problem.Length > 0)
        {
            return;
        }

        var imageOffset = (int)data;
        data += image.Length + dataLength;
        ImageLength += image.Length;
        _blocks[_count++] = new WalBlockReference
        {
            Id = id,
            Relation = relation,
            Fork = (RelationFork)(flags & ForkMask),
            Block = block,
            WillInit = (flags & WillInit) != 0,
            HasImage = (flags & HasImage) != 0,
            ImageCompression = image.Compression,
            ImageApplies = image.Applies,
            ImageOffset = imageOffset,
            ImageLength = image.Length,
            HoleOffset = image.HoleOffset,
            HoleLength = image.HoleLength,
            DataOffset = imageOffset + image.Length,
            DataLength = dataLength,
        };
    }

    private (ushort Length, ushort HoleOffset, ushort HoleLength, WalImageCompression Compression, bool Applies) ReadImage(ref Cursor headers, WalFormat format)
    {
        var length = headers.UInt16();
        var holeOffset = headers.UInt16();
        var flags = headers.Byte();
        var compression = (flags & format.ImagePglz) != 0 ? WalImageCompression.Pglz
            : (flags & format.ImageLz4) != 0 ? WalImageCompression.Lz4
            : (flags & format.ImageZstd) != 0 ? WalImageCompression.Zstd
            : WalImageCompression.None;
        var hasHole = (flags & ImageHasHole) != 0;
        var holeLength = hasHole && compression != WalImageCompression.None ? headers.UInt16() : (ushort)0;
        if (!headers.IsShort && hasHole == (holeOffset == 0))
        {
            _problem = "contradicts itself on what is left out of a page";
        }

        return (length, holeOffset, holeLength, compression, (flags & format.ImageApplies) != 0);
    }

    /// <summary>Reads what is there, and zeros behind that.</summary>
    private ref struct Cursor
    {
        private readonly ReadOnlySpan<byte> _bytes;

        public Cursor(ReadOnlySpan<byte> bytes, int position)
        {
            _bytes = bytes;
            Position = position;
        }

        public int Position { get; private set; }

        /// <summary>Whether something was asked for that is not there.</summary>
        public readonly bool IsShort => Position > _bytes.Length;

        // Inlined: each record has some ten of these, and there may be ten million records in a second.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public byte Byte()
        {
            var value = Position < _bytes.Length ? _bytes[Position] : (byte)0;
            Position++;
            return value;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ushort UInt16()
        {
            var value = Position + sizeof(ushort) <= _bytes.Length ? BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Position..]) : (ushort)0;
            Position += sizeof(ushort);
            return value;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public uint UInt32()
        {
            var value = Position + sizeof(uint) <= _bytes.Length ? BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Position..]) : 0;
            Position += sizeof(uint);
            return value;
        }
    }
}
