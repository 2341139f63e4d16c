namespace Pgkeep.Postgres.Wal;

/// <summary>
/// A record that comes in parts, because it does not end on the page or in the segment where it begins. Its checksum grows with the parts; of
/// its bytes only so many are kept as are wanted, so that a record of 1 GB needs no more memory than another.
/// </summary>
internal sealed class WalRecordAssembly
{
    private readonly int _heldLength;
    private byte[] _held;
    private int _count;
    private uint _checksum;

    /// <param name="heldLength">How many bytes of a record are kept; at least its header and what follows on the same page is.</param>
    public WalRecordAssembly(int heldLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(heldLength, WalRecordHeader.Length);
        _heldLength = heldLength;
        _held = new byte[Math.Min(heldLength, 16 * 1024)];
    }

    /// <summary>One that was begun before.</summary>
    /// <param name="held">Its beginning.</param>
    /// <param name="length">So much of it was there.</param>
    /// <param name="checksum">See <see cref="Checksum"/>.</param>
    public WalRecordAssembly(int heldLength, Lsn start, uint totalLength, ReadOnlySpan<byte> held, long length, uint checksum)
        : this(Math.Max(heldLength, held.Length)) =>
        (Start, TotalLength, Length, _count, _checksum, _held) = (start, totalLength, length, held.Length, checksum, held.ToArray());

    private WalRecordAssembly(WalRecordAssembly other)
    {
        (_heldLength, _count, _checksum, Start, Length, TotalLength) = (other._heldLength, other._count, other._checksum, other.Start, other.Length, other.TotalLength);
        _held = other.Held.ToArray();
    }

    public Lsn Start { get; private set; }

    /// <summary>Of the parts so far.</summary>
    public long Length { get; private set; }

    /// <summary>As the record says itself.</summary>
    public uint TotalLength { get; private set; }

    public long Remaining => TotalLength - Length;

    public bool HasHeader => Length >= WalRecordHeader.Length;

    public WalRecordHeader Header => WalRecordHeader.Read(_held);

    /// <summary>The beginning of it.</summary>
    public ReadOnlySpan<byte> Held => _held.AsSpan(0, _count);

    /// <summary>The running CRC-32C of what was there behind the record's header.</summary>
    public uint Checksum => _checksum;

    public bool IsSkimmed { get; private set; }

    /// <summary>Whether the checksum of a complete record fits.</summary>
    public bool IsSound => Crc32C.Final(Crc32C.Append(_checksum, _held.AsSpan(0, WalRecordHeader.CheckedLength))) == Header.Checksum;

    /// <summary>Begins another record.</summary>
    /// <param name="totalLength">At least that of a header.</param>
    /// <param name="part">Its first, of at least 8 bytes.</param>
    /// <param name="isSkimmed">Only its headers are held, and its checksum is not followed.</param>
    public void Begin(Lsn start, uint totalLength, ReadOnlySpan<byte> part, bool isSkimmed = false)
    {
        (Start, Length, TotalLength, _count, _checksum, IsSkimmed) = (start, 0, totalLength, 0, Crc32C.Initial, isSkimmed);
        Append(part);
    }

    /// <param name="part">Not more than <see cref="Remaining"/>.</param>
    public void Append(ReadOnlySpan<byte> part)
    {
        Hold(part);
        if (!IsSkimmed)
        {
            var header = (int)Math.Clamp(WalRecordHeader.Length - Length, 0, part.Length);
            _checksum = Crc32C.Append(_checksum, part[header..]);
        }

        Length += part.Length;
    }

    /// <summary>A part that somebody else has read, behind the header.</summary>
    /// <param name="checksum">Its CRC-32C, finished.</param>
    public void AppendChecksum(uint checksum, long length)
    {
        _checksum = Crc32C.Final(Crc32C.Combine(Crc32C.Final(_checksum), checksum, length));
        Length += length;
    }

    /// <summary>For a segment with two successors.</summary>
    public WalRecordAssembly Clone() => new(this);

    private void Hold(ReadOnlySpan<byte> part)
    {
        // Behind a part that somebody else has read, nothing more can be kept.
        var kept = _count == Length ? Math.Min((IsSkimmed ? Math.Min(_heldLength, WalRecordBody.MaxHeaderLength) : _heldLength) - _count, part.Length) : 0;
        if (_count + kept > _held.Length)
        {
            Array.Resize(ref _held, (int)Math.Min(_heldLength, Math.Max(_count + kept, 2L * _held.Length)));
        }

        part[..kept].CopyTo(_held.AsSpan(_count));
        _count += kept;
    }
}
