using System.Runtime.InteropServices;

namespace Pgkeep.Streams.Deflate;

/// <summary>What decompresses in libisal.so.2, where it does what we rely on.</summary>
internal static unsafe class IsalInflateLibrary
{
    private static readonly delegate* unmanaged<void*, void> InitializeFunction;
    private static readonly delegate* unmanaged<void*, int> InflateFunction;
    private static readonly delegate* unmanaged<void*, int> InflatePieceFunction;

#pragma warning disable CA1810 // The pointers belong together, and to one attempt.
    static IsalInflateLibrary()
#pragma warning restore CA1810
    {
        if (IsalLibrary.IsUsable
            && NativeLibrary.TryGetExport(IsalLibrary.Handle, "isal_inflate_init", out var initialize)
            && NativeLibrary.TryGetExport(IsalLibrary.Handle, "isal_inflate_stateless", out var inflate))
        {
            InitializeFunction = (delegate* unmanaged<void*, void>)initialize;
            InflateFunction = (delegate* unmanaged<void*, int>)inflate;
            IsUsable = InflatesAsExpected();
        }

        if (IsUsable && NativeLibrary.TryGetExport(IsalLibrary.Handle, "isal_inflate", out var inflatePiece))
        {
            InflatePieceFunction = (delegate* unmanaged<void*, int>)inflatePiece;
            IsStreamUsable = InflatesPiecesAsExpected();
        }
    }

    /// <summary>A version with another layout of its state would fail the trial and not be used.</summary>
    public static bool IsUsable { get; }

    /// <summary>The same, for decompression piece by piece.</summary>
    public static bool IsStreamUsable { get; }

    public static void Initialize(void* state) => InitializeFunction(state);

    public static int Inflate(void* state) => InflateFunction(state);

    public static int InflatePiece(void* state) => InflatePieceFunction(state);

    /// <summary>What it must give, what it must refuse, and that one call leaves nothing behind for the next.</summary>
    private static bool InflatesAsExpected()
    {
        var plain = IsalLibrary.TrialContent();
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
        var plain = IsalLibrary.TrialContent();
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
