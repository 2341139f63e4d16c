using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Verify.Wal;

/// <summary>The last segment of a timeline that was left, which ends where it ends.</summary>
public sealed class PartialVerificationTests : IDisposable
{
    private const string Partial = "000000010000000000000005.partial";

    private readonly VerifiedArchive _archive = new();

    public void Dispose() => _archive.Dispose();

    /// <summary>Timeline 1 was left at 0/580000; the file has records up to 0/5C8000.</summary>
    [Theory]
    [InlineData(0x10_0000 / 2, false)]
    [InlineData(0x60_000, true)]
    [InlineData(0x7F_000, true)]
    public async Task A_record_before_the_place_where_its_timeline_was_left_must_be_sound(int offset, bool isDamage)
    {
        await _archive.MakeAsync();
        PlantPartial(segment => segment[offset + 3000] ^= 1);

        if (isDamage)
        {
            var problem = await _archive.ExpectAsync(Partial, WalDamage.Record);
            Assert.Equal(new Lsn(0x50_0000 + (ulong)(offset / MadeUpArchive.Page * MadeUpArchive.Page) + 24), problem.Position);
        }
        else
        {
            Assert.Empty((await _archive.RunAsync()).Problems);
        }
    }

    [Fact]
    public async Task One_that_ends_before_that_place_is_damaged()
    {
        await _archive.MakeAsync();
        PlantPartial(segment => segment.AsSpan(50 * MadeUpArchive.Page).Clear());

        await _archive.ExpectAsync(Partial, WalDamage.Record);
    }

    [Theory]
    [InlineData(nameof(WalDamage.Record), 30 * MadeUpArchive.Page + 3000)]
    [InlineData(nameof(WalDamage.Chain), 30 * MadeUpArchive.Page + 24 + 8)]
    [InlineData(nameof(WalDamage.Page), 30 * MadeUpArchive.Page + 9)]
    public async Task Where_nobody_knows_its_end_damage_has_pages_in_their_place_behind_it(string damage, int offset)
    {
        await _archive.AddAsync(1, 1, 4);
        PlantPartial(segment => segment[offset] ^= 1);

        await _archive.ExpectAsync(Partial, Enum.Parse<WalDamage>(damage));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task What_the_file_was_before_is_no_damage(int before)
    {
        await _archive.AddAsync(1, 1, 4);
        var recycled = MadeUpArchive.Segment(MadeUpArchive.Name(1, 2));
        PlantPartial(segment =>
        {
            var rest = segment.AsSpan((40 * MadeUpArchive.Page) + (before == 2 ? 3000 : 0));
            recycled.AsSpan(recycled.Length - rest.Length).CopyTo(rest);
            _ = before == 0 ? Clear(rest) : rest.Length;
        });

        Assert.Empty((await _archive.RunAsync()).Problems);
    }

    private static int Clear(Span<byte> rest)
    {
        rest.Clear();
        return rest.Length;
    }

    private void PlantPartial(Action<byte[]> change) => _archive.Plant(Partial, MadeUpArchive.Segment(MadeUpArchive.Name(1, 5)), change);
}
