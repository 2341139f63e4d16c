using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Pgkeep.Streams.Deflate;

/// <summary>libisal.so.2, where it is installed and does what we rely on.</summary>
internal static unsafe class IsalLibrary
{
    private static readonly delegate* unmanaged<void*, void> InitializeFunction;
    private static readonly delegate* unmanaged<void*, int> DeflateFunction;

#pragma warning disable CA1810 // The two pointers belong together, and to one attempt.
    static IsalLibrary()
#pragma warning restore CA1810
    {
        if (NativeLibrary.TryLoad("libisal.so.2", out var library)
            && NativeLibrary.TryGetExport(library, "isal_deflate_stateless_init", out var initialize)
            && NativeLibrary.TryGetExport(library, "isal_deflate_stateless", out var deflate))
        {
            InitializeFunction = (delegate* unmanaged<void*, void>)initialize;
            DeflateFunction = (delegate* unmanaged<void*, int>)deflate;
            IsUsable = DeflatesAsExpected();
        }
    }

    /// <summary>A version with another layout of its stream would fail the trial and not be used.</summary>
    public static bool IsUsable { get; }

    public static void Initialize(void* stream) => InitializeFunction(stream);

    public static int Deflate(void* stream) => DeflateFunction(stream);

    private static bool DeflatesAsExpected()
    {
        try
        {
            var plain = new byte[5000];
            for (var i = 0; i < plain.Length; i++)
            {
                plain[i] = (byte)((i * i) >> (i % 7));
            }

            using var deflater = new IsalDeflater();
            var frame = deflater.Compress(plain).ToArray();
            using var inflate = new DeflateStream(new MemoryStream([.. frame, 0x03, 0x00]), CompressionMode.Decompress);
            var read = new byte[plain.Length];
            inflate.ReadExactly(read);
            return read.AsSpan().SequenceEqual(plain) && inflate.ReadByte() < 0;
        }
        catch (Exception thrown) when (thrown is InvalidOperationException or InvalidDataException or EndOfStreamException)
        {
            return false;
        }
    }
}
