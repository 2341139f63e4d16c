using Pgkeep.Diagnostics;

namespace Pgkeep.Posix;

/// <summary>
/// The one way to create a file that must last: written under a dot-name, in its own directory if nothing else is said, fsynced, then given its final name, then
/// the directory is fsynced. Without <see cref="PublishNew"/> or <see cref="PublishReplacing"/> nothing is left behind but,
/// after a kill, the dot-name, which <see cref="RemoveLeftovers"/> takes away.
/// </summary>
internal sealed class DurableFile : IDisposable
{
    private const string TemporarySuffix = ".tmp";

    private readonly string _temporaryPath;
    private bool _published;

    private DurableFile(string path, string directory, int mode)
    {
        Path = path;
        var unique = $"{Environment.ProcessId:x}-{Guid.NewGuid():N}";
        _temporaryPath = System.IO.Path.Combine(directory, $".{System.IO.Path.GetFileName(path)}.{unique}{TemporarySuffix}");
        try
        {
            Stream = new FileStream(_temporaryPath, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.Read,
                BufferSize = 0,
                UnixCreateMode = (UnixFileMode)mode,
            });
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "create a file in", directory);
        }
    }

    /// <summary>The final name.</summary>
    public string Path { get; }

    /// <summary>Unbuffered: write in large pieces.</summary>
    public FileStream Stream { get; }

    /// <param name="mode">Permission bits; the repository's files are the server account's own.</param>
    public static DurableFile Create(string path, int mode = 0b110_000_000) => new(path, System.IO.Path.GetDirectoryName(path)!, mode);

    /// <param name="directory">For the temporary name; on the same file system.</param>
    public static DurableFile CreateBeside(string path, string directory, int mode = 0b110_000_000) => new(path, directory, mode);

    /// <summary>Writes a whole small file, replacing what was there in one step.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content, int mode = 0b110_000_000)
    {
        using var file = Create(path, mode);
        file.Write(content);
        file.PublishReplacing();
    }

    public void Write(ReadOnlySpan<byte> content)
    {
        try
        {
            Stream.Write(content);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", Path);
        }
    }

    public void WriteAt(ReadOnlySpan<byte> content, long offset)
    {
        try
        {
            RandomAccess.Write(Stream.SafeFileHandle, content, offset);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "write", Path);
        }
    }

    /// <summary>The content; the name comes later.</summary>
    public void Sync() => FileSystem.Sync(Stream.SafeFileHandle, Path);

    /// <summary>False, with nothing changed, where the final name is taken.</summary>
    public bool PublishNew()
    {
        Sync();
        if (!TryLink())
        {
            return false;
        }

        FileSystem.SyncDirectory(System.IO.Path.GetDirectoryName(Path)!);
        return true;
    }

    /// <summary>After <see cref="Sync"/>. The name is durable when the directory is synced. False, with nothing changed, where it is taken.</summary>
    public bool TryLink()
    {
        if (!FileSystem.TryLinkNew(_temporaryPath, Path))
        {
            return false;
        }

        // The link is what counts; the fsync of the directory that follows covers it and the temporary name, which goes before it.
        _published = true;
        FileSystem.Delete(_temporaryPath);
        return true;
    }

    /// <summary>For what can be made again: after a crash of the machine anything may be under the name.</summary>
    public void PublishReplacingWithoutSync()
    {
        FileSystem.Rename(_temporaryPath, Path);
        _published = true;
    }

    public void PublishReplacing()
    {
        Sync();
        FileSystem.Rename(_temporaryPath, Path);
        _published = true;
        FileSystem.SyncDirectory(System.IO.Path.GetDirectoryName(Path)!);
    }

    public void Dispose()
    {
        Stream.Dispose();
        if (!_published)
        {
            try
            {
                FileSystem.Delete(_temporaryPath);
            }
            catch (PgkeepException)
            {
                // What made the write fail often makes this fail too; the first failure is the one to report.
            }
        }
    }

    /// <summary>
    /// Removes dot-names that processes which are gone have left in a directory. On a network file system the process may live on another
    /// machine; so a file that is still open for writing, and with that locked by .NET, stays too.
    /// </summary>
    public static void RemoveLeftovers(string directory)
    {
        foreach (var path in Directory.EnumerateFiles(directory, $".*{TemporarySuffix}"))
        {
            var parts = System.IO.Path.GetFileName(path).Split('.');
            var owner = parts.Length >= 3 ? parts[^2].Split('-')[0] : "";
            if (int.TryParse(owner, System.Globalization.NumberStyles.HexNumber, null, out var pid) && !ProcessTable.IsAlive(pid))
            {
                using var unused = FileLock.TryTakeExisting(path);
                if (unused is not null)
                {
                    FileSystem.Delete(path);
                }
            }
        }
    }
}
