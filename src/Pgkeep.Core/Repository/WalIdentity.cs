using System.Buffers.Binary;
using System.Text;
using Pgkeep.Postgres;
using Pgkeep.Streams;

namespace Pgkeep.Repository;

/// <summary>
/// What travels with a stored WAL file in the gzip header's extra field, so that a file that was renamed, cut or taken from another
/// cluster is noticed by whoever reads it:
/// <code>
///   0 version (2)   1 system identifier [8, little-endian]   9 plain size [8]   17 SHA-256 of the plain content [32]
///  49 when the server wrote it, microseconds since 1970 [8]   57 XXH128 of the plain content [16]   73 name, ASCII
/// </code>
/// Version 1 has no XXH128; its name begins at 57.
/// </summary>
/// <param name="Quick">Null in version 1.</param>
/// <param name="WrittenAt">Goes with the file wherever it is copied, other than the file system's own time.</param>
internal sealed record WalIdentity(SystemIdentifier SystemIdentifier, long PlainSize, Sha256Digest Digest, QuickDigest? Quick, DateTimeOffset WrittenAt, string Name)
{
    private const byte FirstVersion = 1;
    private const byte Version = 2;
    private const int SizeOffset = 9;
    private const int DigestOffset = 17;
    private const int TimeOffset = 49;
    private const int QuickOffset = 57;
    private const int NameOffset = QuickOffset + QuickDigest.Length;

    /// <summary>The year 9999.</summary>
    private const long MaxMicroseconds = 253_402_300_799L * 1_000_000;

    /// <summary>As version 2.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[NameOffset + Name.Length];
        bytes[0] = Version;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(1), SystemIdentifier.Value);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(SizeOffset), PlainSize);
        Digest.Bytes.CopyTo(bytes.AsSpan(DigestOffset));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(TimeOffset), (WrittenAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        Quick.GetValueOrDefault().Write(bytes.AsSpan(QuickOffset));
        Encoding.ASCII.GetBytes(Name, bytes.AsSpan(NameOffset));
        return bytes;
    }

    /// <summary>False for anything that this version did not write.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out WalIdentity? identity)
    {
        identity = null;
        var nameOffset = bytes.IsEmpty ? 0 : bytes[0] switch { FirstVersion => QuickOffset, Version => NameOffset, _ => 0 };
        if (nameOffset == 0 || bytes.Length <= nameOffset)
        {
            return false;
        }

        identity = new WalIdentity(
            new SystemIdentifier(BinaryPrimitives.ReadUInt64LittleEndian(bytes[1..])),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[SizeOffset..]),
            new Sha256Digest(bytes.Slice(DigestOffset, Sha256Digest.Length).ToArray()),
            nameOffset == NameOffset ? QuickDigest.Read(bytes[QuickOffset..]) : null,
            TimeOf(BinaryPrimitives.ReadInt64LittleEndian(bytes[TimeOffset..])),
            Encoding.ASCII.GetString(bytes[nameOffset..]));
        return true;
    }

    /// <summary>A damaged number is no moment; the earliest one decides nothing.</summary>
    private static DateTimeOffset TimeOf(long microseconds) =>
        microseconds is > 0 and < MaxMicroseconds ? DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond) : DateTimeOffset.UnixEpoch;
}
