using System.Runtime.InteropServices;

namespace Pgkeep.Streams.Deflate;

/// <summary>The first fields of struct inflate_state (isa-l/igzip_lib.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IsalInflateHead
{
    public byte* NextOut;
    public uint AvailableOut;
    public uint TotalOut;
    public byte* NextIn;
    public ulong ReadIn;
    public uint AvailableIn;
    public int ReadInLength;
}
