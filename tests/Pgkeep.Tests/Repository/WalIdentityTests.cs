using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Streams;
using Xunit;

namespace Pgkeep.Tests.Repository;

public sealed class WalIdentityTests
{
    private static readonly WalIdentity Identity = new(new SystemIdentifier(ulong.MaxValue - 5), 16777216, Sha256Digest.Of("x"u8), DateTimeOffset.UnixEpoch.AddSeconds(1234), "000000010000000000000001");

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

        Assert.All(Enumerable.Range(0, 57), length => Assert.False(WalIdentity.TryRead(bytes.AsSpan(0, length), out _)));
    }

    [Fact]
    public void Another_version_is_none()
    {
        var bytes = Identity.ToBytes();
        bytes[0] = 2;

        Assert.False(WalIdentity.TryRead(bytes, out _));
    }
}
