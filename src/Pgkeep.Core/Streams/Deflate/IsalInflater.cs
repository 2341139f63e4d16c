using System.Runtime.InteropServices;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Streams.Deflate;

/// <summary>
/// By Intel's ISA-L. A frame has no final block, so it is given one: only then can the library tell that a frame ended where it should from one that
/// was cut (isa-l/igzip_lib.h, isal_inflate_stateless).
/// </summary>
internal sealed unsafe class IsalInflater : IFrameDecompressor
{
    /// <summary>struct inflate_state has some 88 KB in the versions known; all of it must be zero.</summary>
    private const int StateLength = 256 * 1024;

    private const int Done = 0;

    private readonly void* _state = NativeMemory.AlignedAlloc(StateLength, 64);

    public IsalInflater()
    {
        NativeMemory.Clear(_state, StateLength);
        IsalInflateLibrary.Initialize(_state);
    }

    public bool TryDecompress(Span<byte> stored, Span<byte> plain)
    {
        GzipCodec.FinalBlock.CopyTo(stored[^GzipCodec.FinalBlock.Length..]);
        var state = (IsalInflateHead*)_state;
        fixed (byte* source = stored, target = plain)
        {
            state->NextIn = source;
            state->AvailableIn = (uint)stored.Length;
            state->NextOut = target;
            state->AvailableOut = (uint)plain.Length;
            return IsalInflateLibrary.Inflate(_state) == Done && state->AvailableIn == 0 && state->AvailableOut == 0;
        }
    }

    public void Dispose() => NativeMemory.AlignedFree(_state);
}
