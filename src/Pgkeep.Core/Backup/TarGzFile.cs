using Pgkeep.Posix;
using Pgkeep.Streams;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup;

/// <summary>One <c>.tar.gz</c> of a backup. A write that fails is told apart from a read that fails: this side is always the repository.</summary>
internal sealed class TarGzFile : IDisposable
{
    private readonly PendingFile _file;
    private readonly GzipFrameStream _gzip;
    private readonly TarWriter _tar;

    public TarGzFile(PendingFile file, int level)
    {
        _file = file;
        _gzip = new GzipFrameStream(file.Content, level);
        _tar = new TarWriter(_gzip);
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
            _gzip.Complete();
        });
        _file.Complete();
    }

    public void Dispose()
    {
        _gzip.Dispose();
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
