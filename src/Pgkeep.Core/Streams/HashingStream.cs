using System.Security.Cryptography;

namespace Pgkeep.Streams;

/// <summary>Passes writes on and knows, at the end, how many bytes they were and their SHA-256. Does not own its target.</summary>
internal sealed class HashingStream : WriteOnlyStream
{
    private readonly Stream _target;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _length;

    public HashingStream(Stream target) => _target = target;

    public override long Length => _length;

    /// <summary>Of everything written so far.</summary>
    public Sha256Digest Digest => new(_hash.GetCurrentHash());

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _target.Write(buffer);
        _hash.AppendData(buffer);
        _length += buffer.Length;
    }

    public override void Flush() => _target.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }
}
