using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Pgkeep.Streams.Deflate;

/// <summary>libisal.so.2, where it is installed and does what we rely on: what compresses. Decompression has a class of its own, so that its trial is made only where it is used.</summary>
internal static unsafe class IsalLibrary
{
    private static readonly delegate* unmanaged<void*, void> InitializeFunction;
    private static readonly delegate* unmanaged<void*, int> DeflateFunction;
    private static readonly delegate* unmanaged<uint, byte*, ulong, uint> ChecksumFunction;

#pragma warning disable CA1810 // The pointers belong together, and to one attempt.
    static IsalLibrary()
#pragma warning restore CA1810
    {
        if (NativeLibrary.TryLoad("libisal.so.2", out var library)
            && NativeLibrary.TryGetExport(library, "isal_deflate_stateless_init", out var initialize)
            && NativeLibrary.TryGetExport(library, "isal_deflate_stateless", out var deflate)
            && NativeLibrary.TryGetExport(library, "crc32_gzip_refl", out var checksum))
        {
            Handle = library;
            InitializeFunction = (delegate* unmanaged<void*, void>)initialize;
            DeflateFunction = (delegate* unmanaged<void*, int>)deflate;
            ChecksumFunction = (delegate* unmanaged<uint, byte*, ulong, uint>)checksum;
            IsUsable = DeflatesAsExpected() && ChecksumOf(TrialContent()) == Crc32.Append(0, TrialContent());
        }
    }

    /// <summary>A version with another layout of its stream would fail the trial and not be used.</summary>
    public static bool IsUsable { get; }

    /// <summary>Of the loaded library; 0 where there is none.</summary>
    public static nint Handle { get; }

    public static void Initialize(void* stream) => InitializeFunction(stream);

    public static int Deflate(void* stream) => DeflateFunction(stream);

    /// <summary>gzip's CRC-32, with the widest vectors that the processor has.</summary>
    public static uint ChecksumOf(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            return ChecksumFunction(0, pointer, (ulong)bytes.Length);
        }
    }

    /// <summary>Of several blocks' worth of matches and literals.</summary>
    public static byte[] TrialContent()
    {
        var plain = new byte[5000];
        for (var i = 0; i < plain.Length; i++)
        {
            plain[i] = (byte)((i * i) >> (i % 7));
        }

        return plain;
    }

    private static bool DeflatesAsExpected()
    {
        try
        {
            var plain = TrialContent();
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
