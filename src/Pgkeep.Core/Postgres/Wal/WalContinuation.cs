namespace Pgkeep.Postgres.Wal;

/// <summary>
/// What a reading begins with of a record that began before it: enough to check the record once its beginning is there, without a second look at the rest.
/// </summary>
internal sealed class WalContinuation
{
    /// <summary>Holds whatever of a record's header is still to come (a record's first 8 bytes are on the page where it begins), and what follows of a commit.</summary>
    private const int ShortestHeld = 64;

    private readonly int _heldLength;
    private byte[] _first;
    private int _count;
    private uint _checksum = Crc32C.Initial;

    /// <param name="total">xlp_rem_len of the first page.</param>
    /// <param name="heldLength">How many bytes are kept; at least 64 are.</param>
    public WalContinuation(uint total, int heldLength)
    {
        Total = total;
        _heldLength = (int)Math.Min(total, Math.Max(heldLength, ShortestHeld));
        _first = new byte[Math.Min(_heldLength, ShortestHeld)];
    }

    /// <summary>One that was read before.</summary>
    /// <param name="held">Its beginning.</param>
    /// <param name="length">So much of it was read.</param>
    /// <param name="checksum">See <see cref="Checksum"/>.</param>
    public WalContinuation(uint total, ReadOnlySpan<byte> held, long length, uint checksum)
    {
        (Total, Length, _checksum) = (total, length, checksum);
        _first = held.ToArray();
        (_heldLength, _count) = (held.Length, held.Length);
    }

    /// <summary>What is still to come of the record at the beginning of the reading.</summary>
    public uint Total { get; }

    public long Length { get; private set; }

    public long Remaining => Total - Length;

    /// <summary>What is kept: its beginning.</summary>
    public ReadOnlySpan<byte> Held => _first.AsSpan(0, _count);

    /// <summary>The running CRC-32C of what follows that.</summary>
    public uint Checksum => _checksum;

    public void Append(ReadOnlySpan<byte> part)
    {
        Length += part.Length;
        var kept = Math.Min(_heldLength - _count, part.Length);
        if (_count + kept > _first.Length)
        {
            Array.Resize(ref _first, Math.Min(_heldLength, Math.Max(_count + kept, 2 * _first.Length)));
        }

        part[..kept].CopyTo(_first.AsSpan(_count));
        _count += kept;
        _checksum = Crc32C.Append(_checksum, part[kept..]);
    }

    /// <summary>Adds what was read to a record of which this is the next part, with <see cref="Total"/> bytes remaining.</summary>
    public void AppendTo(WalRecordAssembly record)
    {
        record.Append(_first.AsSpan(0, _count));
        if (Length > _count)
        {
            record.AppendChecksum(Crc32C.Final(_checksum), Length - _count);
        }
    }
}
