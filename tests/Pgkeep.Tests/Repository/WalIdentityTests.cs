using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Streams;
using Xunit;

namespace Pgkeep.Tests.Repository;

public sealed class WalIdentityTests
{
    private static readonly WalIdentity Identity = new(new SystemIdentifier(ulong.MaxValue - 5), 16777216, QuickDigest.Of("x"u8), DateTimeOffset.UnixEpoch.AddSeconds(1234), "000000010000000000000001");

    [Fact]
    public void It_is_read_as_it_was_written()
    {
        Assert.True(WalIdentity.TryRead(Identity.ToBytes(), out var read));
        Assert.Equal(Identity, read);
    }

    [Fact]
    public void Cut_anywhere_before_its_name_it_is_none()
    {
        var bytes = Identity.ToBytes();

        Assert.All(Enumerable.Range(0, 42), length => Assert.False(WalIdentity.TryRead(bytes.AsSpan(0, length), out _)));
    }

    [Fact]
    public void Another_version_is_none()
    {
        var bytes = Identity.ToBytes();
        bytes[0]--;

        Assert.False(WalIdentity.TryRead(bytes, out _));
    }

    [Fact]
    public void The_digest_stands_as_xxhsum_prints_it()
    {
        Assert.Equal("06b05ab6733a618578af5f94892f3950", Convert.ToHexStringLower((Identity with { Digest = QuickDigest.Of("abc"u8) }).ToBytes().AsSpan(25, 16)));
    }
}
