using System.Runtime.InteropServices;

namespace Pgkeep.Streams.Zstd;

/// <summary>libzstd.so.1, where it is installed: the stable functions of zstd.h, from 1.4.0 on. On Debian dpkg itself needs it.</summary>
internal static unsafe class ZstdLibrary
{
    public const string FileName = "libzstd.so.1";

    // zstd.h, ZSTD_cParameter.
    private const int CompressionLevel = 100;
    private const int ContentSizeFlag = 200;
    private const int ChecksumFlag = 201;

    private static readonly delegate* unmanaged<void*> CreateCompressorFunction;
    private static readonly delegate* unmanaged<void*, nuint> FreeCompressorFunction;
    private static readonly delegate* unmanaged<void*, int, int, nuint> SetParameterFunction;
    private static readonly delegate* unmanaged<nuint, nuint> BoundFunction;
    private static readonly delegate* unmanaged<void*, byte*, nuint, byte*, nuint, nuint> CompressFunction;
    private static readonly delegate* unmanaged<void*> CreateDecompressorFunction;
    private static readonly delegate* unmanaged<void*, nuint> FreeDecompressorFunction;
    private static readonly delegate* unmanaged<void*, Buffer*, Buffer*, nuint> DecompressFunction;
    private static readonly delegate* unmanaged<nuint, uint> IsErrorFunction;
    private static readonly delegate* unmanaged<nuint, byte*> ErrorNameFunction;

#pragma warning disable CA1810 // The pointers belong together, and to one attempt.
    static ZstdLibrary()
#pragma warning restore CA1810
    {
        if (NativeLibrary.TryLoad(FileName, out var library)
            && NativeLibrary.TryGetExport(library, "ZSTD_createCCtx", out var createCompressor)
            && NativeLibrary.TryGetExport(library, "ZSTD_freeCCtx", out var freeCompressor)
            && NativeLibrary.TryGetExport(library, "ZSTD_CCtx_setParameter", out var setParameter)
            && NativeLibrary.TryGetExport(library, "ZSTD_compressBound", out var bound)
            && NativeLibrary.TryGetExport(library, "ZSTD_compress2", out var compress)
            && NativeLibrary.TryGetExport(library, "ZSTD_createDCtx", out var createDecompressor)
            && NativeLibrary.TryGetExport(library, "ZSTD_freeDCtx", out var freeDecompressor)
            && NativeLibrary.TryGetExport(library, "ZSTD_decompressStream", out var decompress)
            && NativeLibrary.TryGetExport(library, "ZSTD_isError", out var isError)
            && NativeLibrary.TryGetExport(library, "ZSTD_getErrorName", out var errorName))
        {
            CreateCompressorFunction = (delegate* unmanaged<void*>)createCompressor;
            FreeCompressorFunction = (delegate* unmanaged<void*, nuint>)freeCompressor;
            SetParameterFunction = (delegate* unmanaged<void*, int, int, nuint>)setParameter;
            BoundFunction = (delegate* unmanaged<nuint, nuint>)bound;
            CompressFunction = (delegate* unmanaged<void*, byte*, nuint, byte*, nuint, nuint>)compress;
            CreateDecompressorFunction = (delegate* unmanaged<void*>)createDecompressor;
            FreeDecompressorFunction = (delegate* unmanaged<void*, nuint>)freeDecompressor;
            DecompressFunction = (delegate* unmanaged<void*, Buffer*, Buffer*, nuint>)decompress;
            IsErrorFunction = (delegate* unmanaged<nuint, uint>)isError;
            ErrorNameFunction = (delegate* unmanaged<nuint, byte*>)errorName;
            IsUsable = true;
        }
    }

    /// <summary>Nothing else here may be called where this is false.</summary>
    public static bool IsUsable { get; }

    /// <summary>A compressor whose frames carry their length and a checksum. Keeps its parameters over many frames.</summary>
    public static void* CreateCompressor(int level)
    {
        var compressor = Made(CreateCompressorFunction());
        Require(SetParameterFunction(compressor, CompressionLevel, level), "ZSTD_CCtx_setParameter");
        Require(SetParameterFunction(compressor, ContentSizeFlag, 1), "ZSTD_CCtx_setParameter");
        Require(SetParameterFunction(compressor, ChecksumFlag, 1), "ZSTD_CCtx_setParameter");
        return compressor;
    }

    public static void FreeCompressor(void* compressor) => _ = FreeCompressorFunction(compressor);

    /// <summary>The largest that so many bytes can become.</summary>
    public static int BoundOf(int plainLength) => checked((int)BoundFunction((nuint)plainLength));

    /// <summary>One whole frame.</summary>
    /// <returns>Its length.</returns>
    public static int Compress(void* compressor, ReadOnlySpan<byte> plain, Span<byte> target)
    {
        fixed (byte* source = plain, stored = target)
        {
            var length = CompressFunction(compressor, stored, (nuint)target.Length, source, (nuint)plain.Length);
            Require(length, "ZSTD_compress2");
            return (int)length;
        }
    }

    public static void* CreateDecompressor() => Made(CreateDecompressorFunction());

    public static void FreeDecompressor(void* decompressor) => _ = FreeDecompressorFunction(decompressor);

    /// <summary>As far as source and target reach.</summary>
    /// <returns>True where a frame has ended and all of it is in the target.</returns>
    /// <exception cref="InvalidDataException">What is in the source is no zstd, or damaged.</exception>
    public static bool Decompress(void* decompressor, ReadOnlySpan<byte> source, Span<byte> target, out int taken, out int produced)
    {
        fixed (byte* stored = source, plain = target)
        {
            var input = new Buffer { Start = stored, Length = (nuint)source.Length };
            var output = new Buffer { Start = plain, Length = (nuint)target.Length };
            var result = DecompressFunction(decompressor, &output, &input);
            if (IsErrorFunction(result) != 0)
            {
                throw new InvalidDataException($"zstd: {ErrorOf(result)}");
            }

            (taken, produced) = ((int)input.Position, (int)output.Position);
            return result == 0;
        }
    }

    private static void* Made(void* context) => context is not null ? context : throw new InsufficientMemoryException("zstd has no memory");

    /// <summary>Ours to prevent: the memory is as large as the library asked for, and the parameters are valid.</summary>
    private static void Require(nuint result, string function)
    {
        if (IsErrorFunction(result) != 0)
        {
            throw new InvalidOperationException($"{function} returned \"{ErrorOf(result)}\"");
        }
    }

    private static string? ErrorOf(nuint result) => Marshal.PtrToStringUTF8((nint)ErrorNameFunction(result));

    /// <summary>ZSTD_inBuffer and ZSTD_outBuffer, which are laid out alike.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Buffer
    {
        public byte* Start;
        public nuint Length;
        public nuint Position;
    }
}
