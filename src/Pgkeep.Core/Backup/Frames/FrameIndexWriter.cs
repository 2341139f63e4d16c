using System.Globalization;
using System.Text;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Backup.Frames;

/// <summary>Writes <c>base.index.gz</c>: where each frame and each file lies in the archive beside it (docs/repository-format.md).</summary>
internal sealed class FrameIndexWriter : IDisposable
{
    private readonly PendingFile _file;
    private readonly FrameStream _gzip;
    private readonly StringBuilder _line = new();

    public FrameIndexWriter(PendingFile file)
    {
        _file = file;
        _gzip = FrameStream.Gzip(file.Content, Codec.Gzip.DefaultLevel);
        Write("pgkeep frame index 1");
    }

    public void AddFrame(long storedOffset, int storedLength, int plainLength) =>
        Write(string.Create(CultureInfo.InvariantCulture, $"f {storedOffset} {storedLength} {plainLength}"));

    /// <param name="plainOffset">Of the file's content in the plain tar.</param>
    public void AddFile(long plainOffset, long size, string name) =>
        Write(string.Create(CultureInfo.InvariantCulture, $"m {plainOffset} {size} {name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}"));

    public void Complete()
    {
        Guard(_gzip.Complete);
        _file.Complete();
    }

    public void Dispose()
    {
        _gzip.Dispose();
        _file.Dispose();
    }

    private void Write(string line)
    {
        _line.Clear().Append(line).Append('\n');
        var bytes = Encoding.UTF8.GetBytes(_line.ToString());
        Guard(() => _gzip.Write(bytes));
    }

    private void Guard(Action write)
    {
        try
        {
            write();
        }
        catch (Exception thrown) when (Posix.PosixError.IsInputOutput(thrown))
        {
            throw Posix.PosixError.From(thrown, "write", _file.Path);
        }
    }
}
