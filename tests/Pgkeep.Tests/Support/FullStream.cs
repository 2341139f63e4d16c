namespace Pgkeep.Tests.Support;

/// <summary>Behaves like a file on a disk that is full.</summary>
internal sealed class FullStream : MemoryStream
{
    public int Attempts { get; private set; }

    public override void Write(byte[] buffer, int offset, int count) => Fail();

    public override void Write(ReadOnlySpan<byte> buffer) => Fail();

    private void Fail()
    {
        Attempts++;
        throw new IOException("no space left on device");
    }
}
