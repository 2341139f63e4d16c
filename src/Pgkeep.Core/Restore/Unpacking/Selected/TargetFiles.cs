using Microsoft.Win32.SafeHandles;
using Pgkeep.Posix;
using Pgkeep.Postgres;

namespace Pgkeep.Restore.Unpacking.Selected;

/// <summary>The files of a selective restore at their places. This one knows no old files; others find content in them that need not be written. For several threads at a time.</summary>
internal class TargetFiles
{
    private readonly FilePlaces _places;
    private long _keptFiles;
    private long _keptBytes;
    private long _writtenBytes;

    public TargetFiles(RestoredFiles files, FilePlaces places) => (Files, _places) = (files, places);

    public RestoredFiles Files { get; }

    /// <summary>Files that were right as they were.</summary>
    public long KeptFiles => Interlocked.Read(ref _keptFiles);

    public long KeptBytes => Interlocked.Read(ref _keptBytes);

    public long WrittenBytes => Interlocked.Read(ref _writtenBytes);

    /// <param name="archive">For messages.</param>
    public string PathOf(string name, string archive) => _places.PathOf(name, archive);

    /// <summary>Leaves a file with this content in its place, if the old one has it; false, and nothing changed, where it has not.</summary>
    /// <param name="crc">CRC-32C.</param>
    /// <param name="buffer">To read with.</param>
    public virtual bool TryKeep(string name, long size, uint crc, byte[] buffer, CancellationToken cancellationToken) => false;

    /// <summary>Opens or creates a file to which all of its content will be written.</summary>
    /// <param name="archive">For messages.</param>
    public virtual TargetFile Open(string name, long size, string archive)
    {
        var path = PathOf(name, archive);
        return new TargetFile(path, Files.CreateFile(path, archive));
    }

    /// <summary>A file that is nothing but zeros, which take no space.</summary>
    /// <param name="mode">Null where the archive was not looked at.</param>
    public void CreateEmptied(string name, long size, int? mode, string archive)
    {
        using var file = Open(name, 0, archive);
        ExistingFile.SetLength(file.Handle, file.Path, 0);
        ExistingFile.SetLength(file.Handle, file.Path, size);
        Files.Complete(file.Handle, file.Path, mode ?? 0, size);
        Files.CountDone(size);
    }

    /// <param name="content">Bytes that are right now.</param>
    /// <param name="written">How many of them were not before.</param>
    public void CountWritten(long content, long written)
    {
        Interlocked.Add(ref _writtenBytes, written);
        Files.CountDone(content);
    }

    protected void CountKept(long size)
    {
        Interlocked.Increment(ref _keptFiles);
        Interlocked.Add(ref _keptBytes, size);
        Files.CountDone(size);
    }

    /// <summary>Whether the content of an open file has this length and CRC-32C.</summary>
    protected static bool HasContent(SafeFileHandle file, string path, long size, uint crc, byte[] buffer, CancellationToken cancellationToken)
    {
        var actual = new Crc32CAccumulator();
        var offset = 0L;
        for (int read; (read = ExistingFile.Read(file, path, buffer, offset)) > 0; offset += read)
        {
            cancellationToken.ThrowIfCancellationRequested();
            actual.Append(buffer.AsSpan(0, read));
            if (offset + read > size)
            {
                return false;
            }
        }

        return offset == size && actual.Value == crc;
    }
}
