using Pgkeep.Posix;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup;

/// <summary>An archive of a <see cref="PendingBackup"/> that one thread writes. A write that fails is told apart from a read that fails: this side is always the repository.</summary>
internal sealed class PendingTar : IDisposable
{
    private readonly PendingFile _file;
    private readonly FrameStream _frames;
    private readonly TarWriter _tar;

    public PendingTar(PendingFile file, Compression compression)
    {
        _file = file;
        _frames = new FrameStream(file.Content, compression);
        _tar = new TarWriter(_frames);
    }

    public void Begin(TarEntry entry) => Guard(() => _tar.Begin(entry));

    public void WriteContent(ReadOnlySpan<byte> content)
    {
        try
        {
            _tar.WriteContent(content);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", _file.Path);
        }
    }

    public void WriteFile(TarEntry entry, ReadOnlySpan<byte> content)
    {
        Begin(entry);
        WriteContent(content);
    }

    public void Complete()
    {
        Guard(() =>
        {
            _tar.Complete();
            _frames.Complete();
        });
        _file.Complete();
    }

    public void Dispose()
    {
        _frames.Dispose();
        _file.Dispose();
    }

    private void Guard(Action write)
    {
        try
        {
            write();
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", _file.Path);
        }
    }
}
