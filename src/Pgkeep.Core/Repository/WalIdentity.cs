using System.Buffers.Binary;
using System.Text;
using Pgkeep.Postgres;
using Pgkeep.Streams;

namespace Pgkeep.Repository;

/// <summary>
/// What travels with a stored WAL file in the gzip header's extra field, so that a file that was renamed, cut or taken from another
/// cluster is noticed by whoever reads it:
/// <code>
///   0 version (3)   1 system identifier [8, little-endian]   9 plain size [8]   17 when the server wrote it, microseconds since 1970 [8]
///  25 XXH128 of the plain content [16]   41 name, ASCII
/// </code>
/// </summary>
/// <param name="WrittenAt">Goes with the file wherever it is copied, other than the file system's own time.</param>
internal sealed record WalIdentity(SystemIdentifier SystemIdentifier, long PlainSize, QuickDigest Digest, DateTimeOffset WrittenAt, string Name)
{
    private const byte Version = 3;
    private const int SizeOffset = 9;
    private const int TimeOffset = 17;
    private const int DigestOffset = 25;
    private const int NameOffset = DigestOffset + QuickDigest.Length;

    /// <summary>The year 9999.</summary>
    private const long MaxMicroseconds = 253_402_300_799L * 1_000_000;

    public byte[] ToBytes()
    {
        var bytes = new byte[NameOffset + Name.Length];
        bytes[0] = Version;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(1), SystemIdentifier.Value);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(SizeOffset), PlainSize);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(TimeOffset), (WrittenAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        Digest.Write(bytes.AsSpan(DigestOffset));
        Encoding.ASCII.GetBytes(Name, bytes.AsSpan(NameOffset));
        return bytes;
    }

    /// <summary>False for anything that this version did not write.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out WalIdentity? identity)
    {
        identity = null;
        if (bytes.Length <= NameOffset || bytes[0] != Version)
        {
            return false;
        }

        identity = new WalIdentity(
            new SystemIdentifier(BinaryPrimitives.ReadUInt64LittleEndian(bytes[1..])),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[SizeOffset..]),
            QuickDigest.Read(bytes[DigestOffset..]),
            TimeOf(BinaryPrimitives.ReadInt64LittleEndian(bytes[TimeOffset..])),
            Encoding.ASCII.GetString(bytes[NameOffset..]));
        return true;
    }

    /// <summary>A damaged number is no moment; the earliest one decides nothing.</summary>
    private static DateTimeOffset TimeOf(long microseconds) =>
        microseconds is > 0 and < MaxMicroseconds ? DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond) : DateTimeOffset.UnixEpoch;
}
