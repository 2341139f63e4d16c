namespace Pgkeep.Tests;

/// <summary>Damages an input at random, but the same way in each run.</summary>
internal static class Mutation
{
    private const int MaxChanges = 4;

    public static IEnumerable<byte[]> Of(byte[] original, int count)
    {
        var random = new Random(20_261_122);
        for (var i = 0; i < count; i++)
        {
            yield return Damage(original, random);
        }
    }

    private static byte[] Damage(byte[] original, Random random)
    {
        var bytes = (byte[])original.Clone();
        for (var change = random.Next(MaxChanges); change >= 0; change--)
        {
            bytes[random.Next(bytes.Length)] = random.Next(3) switch
            {
                0 => (byte)random.Next(256),
                1 => 0xFF,
                _ => original[random.Next(original.Length)],
            };
        }

        return random.Next(4) == 0 ? [.. bytes, .. bytes[random.Next(bytes.Length)..]] : bytes;
    }
}
