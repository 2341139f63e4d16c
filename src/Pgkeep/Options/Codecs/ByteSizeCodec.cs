namespace Pgkeep.Options.Codecs;

/// <summary>A number of bytes, <c>4096</c>, <c>64kB</c>, <c>2 GB</c> (powers of 1000) or <c>16MiB</c> (powers of 1024).</summary>
internal sealed class ByteSizeCodec : ICodec<long>
{
    private readonly long _minimumInBytes;

    public ByteSizeCodec(long minimumInBytes = 0)
    {
        _minimumInBytes = minimumInBytes;
    }

    public string Placeholder => "SIZE";

    public string Expected =>
        "a size such as 64kB, 500MB, 2GB or 16MiB" + (_minimumInBytes > 0 ? $", at least {_minimumInBytes} bytes" : "");

    public long Parse(string text)
    {
        var written = UnitNumber.Parse(text);
        var sizeInBytes = written.Times(Bytes(written.Unit));

        return sizeInBytes >= _minimumInBytes ? sizeInBytes : throw new FormatException();
    }

    private static long Bytes(ReadOnlySpan<char> unit) => unit switch
    {
        "" or "B" => 1,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1L << 10,
        "MiB" => 1L << 20,
        "GiB" => 1L << 30,
        "TiB" => 1L << 40,
        _ => throw new FormatException(),
    };
}
