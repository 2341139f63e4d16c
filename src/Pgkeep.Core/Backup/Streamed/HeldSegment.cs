using Pgkeep.Posix;

namespace Pgkeep.Backup.Streamed;

/// <summary>
/// A segment of any size that came, and of which only what comes later tells how much counts. It waits in a file that has no name any more, so that nothing of it is ever left.
/// </summary>
internal sealed class HeldSegment : IDisposable
{
    private const int PieceLength = 256 * 1024;

    private readonly string _path;
    private readonly FileStream _file;

    /// <param name="path">Where nothing is; where nothing is again when this returns.</param>
    public HeldSegment(string path)
    {
        _path = path;
        try
        {
            _file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "create", path);
        }

        FileSystem.Delete(path);
    }

    /// <summary>Takes the place of what was held before.</summary>
    /// <param name="content">To its end; as long as that. What it throws passes through.</param>
    public void Hold(Stream content)
    {
        var piece = GC.AllocateUninitializedArray<byte>(PieceLength);
        _file.Position = 0;
        while (content.Read(piece) is var read && read > 0)
        {
            Guard("write", () => _file.Write(piece, 0, read));
        }
    }

    /// <param name="target">What it throws passes through.</param>
    /// <param name="length">From the beginning.</param>
    public void CopyTo(Stream target, long length)
    {
        var piece = GC.AllocateUninitializedArray<byte>((int)Math.Min(length, PieceLength));
        _file.Position = 0;
        for (var left = length; left > 0;)
        {
            var count = (int)Math.Min(left, piece.Length);
            Guard("read", () => _file.ReadExactly(piece, 0, count));
            target.Write(piece, 0, count);
            left -= count;
        }
    }

    public void Dispose() => _file.Dispose();

    private void Guard(string verb, Action action)
    {
        try
        {
            action();
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, verb, _path);
        }
    }
}
