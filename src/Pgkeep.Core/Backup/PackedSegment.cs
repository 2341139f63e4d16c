using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Streams;

namespace Pgkeep.Backup;

/// <summary>
/// One segment on its way into a <see cref="WalTar"/>, written piece by piece. What begins it must show that it is the cluster's segment of that name, and all of it is as
/// long as a segment. A tar cannot take anything back: whatever fails here, the backup fails with it.
/// </summary>
internal sealed class PackedSegment : WriteOnlyStream
{
    private readonly WalTar _tar;
    private readonly WalSegmentName _name;
    private readonly WalSegmentSize _size;
    private readonly SystemIdentifier _identifier;
    private readonly string _what;
    private readonly byte[] _start = new byte[WalPageHeader.LongLength];
    private long _length;

    /// <param name="what">Is packed, for messages.</param>
    public PackedSegment(WalTar tar, WalSegmentName name, WalSegmentSize size, SystemIdentifier identifier, string what)
    {
        _tar = tar;
        _name = name;
        _size = size;
        _identifier = identifier;
        _what = what;
    }

    public override long Length => _length;

    /// <summary>After the last piece.</summary>
    public void Complete()
    {
        if (_length != _size.Bytes)
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"{_what} has {_length} bytes, and a segment has {_size.Bytes}");
        }
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_length + buffer.Length > _size.Bytes)
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"{_what} has more than the {_size.Bytes} bytes of a segment");
        }

        if (_length < _start.Length)
        {
            var taken = buffer[..(int)Math.Min(buffer.Length, _start.Length - _length)];
            taken.CopyTo(_start.AsSpan((int)_length));
            _length += taken.Length;
            buffer = buffer[taken.Length..];
            if (_length < _start.Length)
            {
                return;
            }

            Begin();
        }

        _tar.Write(buffer);
        _length += buffer.Length;
    }

    private void Begin()
    {
        if (!WalSegmentContent.TryCheck(_start, _size.Bytes, _name, out var found, out var problem))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"{_what} {problem}");
        }

        if (found.SystemIdentifier != _identifier)
        {
            throw new PgkeepException(ErrorKind.RepositoryMismatch, $"{_what} is of another cluster");
        }

        _tar.Begin(_name.ToString(), _size.Bytes);
        _tar.Write(_start);
    }
}
