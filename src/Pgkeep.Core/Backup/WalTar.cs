using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup;

/// <summary>
/// <c>pg_wal.tar.gz</c>: WAL files, each with the mark that says it is archived, so that a server started on the backup does not archive it again.
/// </summary>
internal sealed class WalTar
{
    private const int FileMode = 0b110_000_000;

    private readonly PendingTar _file;
    private readonly TimeProvider _time;

    public WalTar(PendingTar file, TimeProvider time)
    {
        _file = file;
        _time = time;
        _file.Begin(new TarEntry("archive_status", TarEntryType.Directory, 0, 0b111_000_000, time.GetUtcNow()));
    }

    public void Add(string name, ReadOnlySpan<byte> content)
    {
        Begin(name, content.Length);
        Write(content);
    }

    /// <summary>A file that comes in pieces, <paramref name="length"/> bytes altogether.</summary>
    public void Begin(string name, long length)
    {
        var now = _time.GetUtcNow();
        _file.WriteFile(new TarEntry($"archive_status/{name}.done", TarEntryType.File, 0, FileMode, now), []);
        _file.Begin(new TarEntry(name, TarEntryType.File, length, FileMode, now));
    }

    public void Write(ReadOnlySpan<byte> piece) => _file.WriteContent(piece);

    public void Complete() => _file.Complete();
}
