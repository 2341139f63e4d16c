using System.IO.Compression;

namespace Pgkeep.Tests;

/// <summary>Files below Fixtures, which are part of the test assembly.</summary>
internal static class Fixture
{
    public static byte[] Bytes(string name)
    {
        using var stream = typeof(Fixture).Assembly.GetManifestResourceStream(name)
            ?? throw new ArgumentException($"there is no fixture \"{name}\"", nameof(name));
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public static byte[] Unzipped(string name)
    {
        using var plain = new MemoryStream();
        using var gzip = new GZipStream(new MemoryStream(Bytes(name)), CompressionMode.Decompress);
        gzip.CopyTo(plain);
        return plain.ToArray();
    }
}
