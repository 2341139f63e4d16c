using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Pgkeep.Streams.Deflate;

/// <summary>libisal.so.2, where it is installed and does what we rely on.</summary>
internal static unsafe class IsalLibrary
{
    private static readonly delegate* unmanaged<void*, void> InitializeFunction;
    private static readonly delegate* unmanaged<void*, int> DeflateFunction;
    private static readonly delegate* unmanaged<void*, void> InitializeInflateFunction;
    private static readonly delegate* unmanaged<void*, int> InflateFunction;
    private static readonly delegate* unmanaged<void*, int> InflatePieceFunction;

#pragma warning disable CA1810 // The pointers belong together, and to one attempt.
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

        if (IsUsable
            && NativeLibrary.TryGetExport(library, "isal_inflate_init", out var initializeInflate)
            && NativeLibrary.TryGetExport(library, "isal_inflate_stateless", out var inflate))
        {
            InitializeInflateFunction = (delegate* unmanaged<void*, void>)initializeInflate;
            InflateFunction = (delegate* unmanaged<void*, int>)inflate;
            IsInflateUsable = InflatesAsExpected();
        }

        if (IsInflateUsable && NativeLibrary.TryGetExport(library, "isal_inflate", out var inflatePiece))
        {
            InflatePieceFunction = (delegate* unmanaged<void*, int>)inflatePiece;
            IsInflateStreamUsable = InflatesPiecesAsExpected();
        }
    }

    /// <summary>A version with another layout of its stream would fail the trial and not be used.</summary>
    public static bool IsUsable { get; }

    /// <summary>The same, for decompression.</summary>
    public static bool IsInflateUsable { get; }

    /// <summary>The same, for decompression piece by piece.</summary>
    public static bool IsInflateStreamUsable { get; }

    public static void Initialize(void* stream) => InitializeFunction(stream);

    public static int Deflate(void* stream) => DeflateFunction(stream);

    public static void InitializeInflate(void* state) => InitializeInflateFunction(state);

    public static int Inflate(void* state) => InflateFunction(state);

    public static int InflatePiece(void* state) => InflatePieceFunction(state);

    private static byte[] TrialContent()
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

    /// <summary>What it must give, what it must refuse, and that one call leaves nothing behind for the next.</summary>
    private static bool InflatesAsExpected()
    {
        var plain = TrialContent();
        using var deflater = new IsalDeflater();
        var frame = deflater.Compress(plain).ToArray();
        byte[] whole = [.. frame, 0, 0];
        byte[] cut = [.. frame[..^10], 0, 0];
        var read = new byte[plain.Length];
        using var inflater = new IsalInflater();
        return inflater.TryDecompress(whole, read) && read.AsSpan().SequenceEqual(plain)
            && !inflater.TryDecompress(cut, read)
            && !inflater.TryDecompress(whole, read.AsSpan(1))
            && !inflater.TryDecompress(whole, new byte[plain.Length + 1])
            && inflater.TryDecompress(whole, read) && read.AsSpan().SequenceEqual(plain);
    }

    /// <summary>Whatever the sizes of the pieces are, and to its end only.</summary>
    private static bool InflatesPiecesAsExpected()
    {
        var plain = TrialContent();
        using var deflater = new IsalDeflater();
        byte[] stored = [.. deflater.Compress(plain).Span, .. Codecs.GzipCodec.FinalBlock];
        var read = new byte[plain.Length + 1000];
        using var inflate = new IsalInflateStream(new MemoryStream(stored, writable: false), inputLength: 100);
        try
        {
            return inflate.ReadAtLeast(read.AsSpan(0, 1000), 1000, throwOnEndOfStream: false) == 1000
                && inflate.ReadAtLeast(read.AsSpan(1000), plain.Length, throwOnEndOfStream: false) == plain.Length - 1000
                && read.AsSpan(0, plain.Length).SequenceEqual(plain);
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
