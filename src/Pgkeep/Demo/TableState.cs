namespace Pgkeep.Demo;

/// <param name="Checksum">MD5 over all rows in the order of their numbers.</param>
internal sealed record TableState(string Name, long Rows, string Checksum)
{
    public string ShortChecksum => Checksum.Length > 6 ? $"{Checksum[..4]}…{Checksum[^2..]}" : Checksum;
}
