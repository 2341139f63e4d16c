using System.Security.Cryptography;

namespace Pgkeep.Streams;

/// <summary>32 bytes, written as <c>sha256sum</c> writes them.</summary>
internal readonly struct Sha256Digest : IEquatable<Sha256Digest>
{
    public const int Length = 32;

    private readonly byte[]? _bytes;

    public Sha256Digest(byte[] bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        _bytes = bytes;
    }

    public ReadOnlySpan<byte> Bytes => _bytes ?? new byte[Length];

    public static bool operator ==(Sha256Digest left, Sha256Digest right) => left.Equals(right);

    public static bool operator !=(Sha256Digest left, Sha256Digest right) => !left.Equals(right);

    public static Sha256Digest Of(ReadOnlySpan<byte> content) => new(SHA256.HashData(content));

    /// <summary>Of a stream from where it stands to its end.</summary>
    public static Sha256Digest Of(Stream content) => new(SHA256.HashData(content));

    public static bool TryParse(ReadOnlySpan<char> text, out Sha256Digest digest)
    {
        var bytes = new byte[Length];
        var parsed = text.Length == 2 * Length && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
        digest = parsed ? new Sha256Digest(bytes) : default;
        return parsed;
    }

    public bool Equals(Sha256Digest other) => Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is Sha256Digest other && Equals(other);

    public override int GetHashCode() => BitConverter.ToInt32(Bytes);

    public override string ToString() => Convert.ToHexStringLower(Bytes);
}
