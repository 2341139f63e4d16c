namespace Pgkeep.Streams.Tar;

/// <summary>The content of a reader's current member, forward only; valid until the reader goes to the next.</summary>
internal sealed class TarMemberStream(TarReader tar) : ReadOnlyStream
{
    public override int Read(Span<byte> buffer) => tar.Read(buffer);
}
