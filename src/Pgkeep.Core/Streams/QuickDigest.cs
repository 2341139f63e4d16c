using System.Buffers.Binary;
using System.IO.Hashing;

namespace Pgkeep.Streams;

/// <summary>
/// XXH128: tells apart what is different by accident, at the speed of memory, where SHA-256 takes longer than everything else that is done with a
/// WAL segment. It proves nothing against somebody who wants two contents to look alike.
/// </summary>
internal readonly record struct QuickDigest(UInt128 Value)
{
    public const int Length = 16;

    public static QuickDigest Of(XxHash128 hash) => new(hash.GetCurrentHashAsUInt128());

    public static QuickDigest Of(ReadOnlySpan<byte> content) => new(XxHash128.HashToUInt128(content));

    /// <param name="bytes">As <see cref="Write"/> wrote them; those that follow do not matter.</param>
    public static QuickDigest Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    /// <summary>In the canonical order of the algorithm, which <c>xxhsum -H2</c> prints.</summary>
    public void Write(Span<byte> target) => BinaryPrimitives.WriteUInt128BigEndian(target, Value);
}
