using Pgkeep.Postgres.Wal.Index;
using Xunit;

namespace Pgkeep.Tests.Postgres.Wal.Index;

public sealed class NumberSetTests
{
    private const int Seed = 20_261_123;

    /// <summary>Near each other, far from each other, in runs, at both ends.</summary>
    public static TheoryData<string> Shapes => ["none", "ends", "runs", "near", "far", "words"];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void What_was_added_is_there_once_and_in_order(string shape)
    {
        var numbers = NumbersOf(shape);

        Assert.Equal(numbers.Distinct().Order(), SetOf(numbers, isDense: false).ToList());
        Assert.Equal(numbers.Distinct().Order(), SetOf(numbers, isDense: true).ToList());
        Assert.Equal(numbers.Distinct().LongCount(), SetOf(numbers, isDense: false).Count);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_number_is_found_where_it_was_added(string shape)
    {
        var numbers = NumbersOf(shape);
        var set = SetOf(numbers, isDense: false);

        Assert.All(numbers.Take(500), number => Assert.True(set.Contains(number)));
        Assert.All(numbers.Take(500), number => Assert.Equal(numbers.Contains(number + 1), set.Contains(number + 1)));
    }

    [Fact]
    public void Neighbours_are_one_run_and_take_few_bytes()
    {
        var set = SetOf([.. Enumerable.Range(65_000, 2_000).Select(number => (uint)number)], isDense: true);

        Assert.InRange(set.Runs.Length, 2, 6);
        Assert.Equal((2_000L, true), (set.Count, set.Contains(65_536)));
    }

    [Fact]
    public void What_ended_does_not_count()
    {
        var (writing, ended) = (new NumberSetBuilder(isDense: true), new NumberSetBuilder(isDense: true));
        foreach (var number in new uint[] { 1, 2, 3, 70_000, 140_000 })
        {
            writing.Add(number);
        }

        ended.Add(2);
        ended.Add(70_000);
        ended.Add(9);

        Assert.Equal([1u, 3u, 140_000u], writing.ToSet(ended).ToList());
    }

    [Fact]
    public void Bytes_that_are_no_runs_end_the_set()
    {
        Assert.Empty(new NumberSet(1, new byte[] { 0x80 }).ToList());
        Assert.Empty(new NumberSet(1, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1 }).ToList());
        Assert.Equal([1u], new NumberSet(2, new byte[] { 2, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF }).ToList());
    }

    private static uint[] NumbersOf(string shape)
    {
        var random = new Random(Seed);
        return shape switch
        {
            "ends" => [0, uint.MaxValue, 0, uint.MaxValue - 1, 65_535, 65_536],
            "runs" => [.. Enumerable.Range(0, 5_000).Select(number => (uint)(number + (number / 100 * 7)))],
            "near" => [.. Enumerable.Range(0, 40_000).Select(_ => (uint)random.Next(20_000))],
            "far" => [.. Enumerable.Range(0, 10_000).Select(_ => (uint)random.NextInt64(1L << 32))],
            "words" => [.. Enumerable.Range(63, 130).Select(number => (uint)number), .. Enumerable.Range(256, 64).Select(number => (uint)number)],
            _ => [],
        };
    }

    private static NumberSet SetOf(uint[] numbers, bool isDense)
    {
        var builder = new NumberSetBuilder(isDense);
        foreach (var number in numbers)
        {
            builder.Add(number);
        }

        return builder.ToSet();
    }
}
