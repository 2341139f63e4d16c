using System.Runtime.InteropServices;

namespace Pgkeep.Streams.Deflate;

/// <summary>
/// Reads deflated content of any length by Intel's ISA-L, in pieces, for content too large for memory (isa-l/igzip_lib.h, isal_inflate). Like
/// zlib's stream in .NET it takes input that ends anywhere for the end: whoever reads compares length and checksum.
/// </summary>
/// <remarks>Bad content, also content that goes on after its last block, is an <see cref="InvalidDataException"/>. Does not own its input.</remarks>
internal sealed unsafe class IsalInflateStream : ReadOnlyStream
{
    private const int DefaultInputLength = 256 * 1024;

    /// <summary>struct inflate_state has some 88 KB in the versions known; all of it must be zero.</summary>
    private const int StateLength = 256 * 1024;

    private readonly Stream _deflated;
    private readonly byte[] _input;
    private void* _state;
    private int _next;
    private int _available;
    private bool _isInputAtEnd;

    public IsalInflateStream(Stream deflated, int inputLength = DefaultInputLength)
    {
        _deflated = deflated;
        _input = GC.AllocateUninitializedArray<byte>(inputLength);
        _state = NativeMemory.AlignedAlloc(StateLength, 64);
        NativeMemory.Clear(_state, StateLength);
        IsalInflateLibrary.Initialize(_state);
    }

    ~IsalInflateStream() => Dispose(disposing: false);

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_state is null, this);
        while (!buffer.IsEmpty)
        {
            FillInput();
            var before = _available;
            var produced = Inflate(buffer);
            if (produced > 0)
            {
                return produced;
            }

            if (_available == 0 && _isInputAtEnd)
            {
                return 0;
            }

            if (_available == before)
            {
                throw new InvalidDataException("the compressed content goes on after its last block");
            }
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        NativeMemory.AlignedFree(_state);
        _state = null;
        base.Dispose(disposing);
    }

    private void FillInput()
    {
        if (_available == 0 && !_isInputAtEnd)
        {
            _next = 0;
            _available = _deflated.Read(_input);
            _isInputAtEnd = _available == 0;
        }
    }

    /// <returns>How many plain bytes came out; 0 also where the input did not reach.</returns>
    private int Inflate(Span<byte> buffer)
    {
        var state = (IsalInflateHead*)_state;
        fixed (byte* source = _input, target = buffer)
        {
            state->NextIn = source + _next;
            state->AvailableIn = (uint)_available;
            state->NextOut = target;
            state->AvailableOut = (uint)buffer.Length;
            if (IsalInflateLibrary.InflatePiece(_state) < 0)
            {
                throw new InvalidDataException("the compressed content is damaged");
            }

            _next += _available - (int)state->AvailableIn;
            _available = (int)state->AvailableIn;
            return buffer.Length - (int)state->AvailableOut;
        }
    }
}
