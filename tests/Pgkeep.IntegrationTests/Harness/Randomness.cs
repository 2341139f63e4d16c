namespace Pgkeep.IntegrationTests.Harness;

/// <summary>Random cases that can be had again: the seed is in the test's output, and PGKEEP_TEST_SEED sets it.</summary>
internal static class Randomness
{
    public static Random Create()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("PGKEEP_TEST_SEED"), out var given) ? given : Random.Shared.Next();
        SoakRun.Tell($"PGKEEP_TEST_SEED={seed}");
        return new Random(seed);
    }

    public static byte[] Bytes(this Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
