using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class FullTransactionIdTests
{
    [Theory]
    [InlineData(1000ul, 900u, 900ul)]
    [InlineData(1000ul, 1100u, 1100ul)]
    [InlineData(8_589_935_592ul, 900u, 8_589_935_492ul)]
    [InlineData(8_589_935_592ul, 4_294_967_290u, 8_589_934_586ul)]
    [InlineData(12_884_901_880ul, 5u, 12_884_901_893ul)]
    [InlineData(10ul, 4_294_967_290u, 4_294_967_290ul)]
    public void A_record_s_number_is_the_nearest_to_the_next_one(ulong next, uint xid, ulong expected) =>
        Assert.Equal(expected, FullTransactionId.Near(new FullTransactionId(next), xid).Value);

    [Fact]
    public void It_is_an_epoch_and_a_number()
    {
        var full = new FullTransactionId(8_589_935_592);

        Assert.Equal((2u, 1000u, "8589935592"), (full.Epoch, full.Xid, full.ToString()));
    }
}
