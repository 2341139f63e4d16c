using Pgkeep.Diagnostics;

namespace Pgkeep.Posix;

/// <summary>
/// The one way to create a file that must last: written under a dot-name in its own directory, fsynced, then given its final name, then
/// the directory is fsynced. Without <see cref="PublishNew"/> or <see cref="PublishReplacing"/> nothing is left behind but,
/// after a kill, the dot-name, which <see cref="RemoveLeftovers"/> takes away.
/// </summary>
internal sealed class DurableFile : IDisposable
{
    private const string TemporarySuffix = ".tmp";

    private readonly string _temporaryPath;
    private bool _published;

    private DurableFile(string path, int mode)
    {
        Path = path;
        var directory = System.IO.Path.GetDirectoryName(path)!;
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
    public static DurableFile Create(string path, int mode = 0b110_000_000) => new(path, mode);

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

    /// <summary>False, with nothing changed, where the final name is taken.</summary>
    public bool PublishNew()
    {
        FileSystem.Sync(Stream.SafeFileHandle, Path);
        if (!FileSystem.TryLinkNew(_temporaryPath, Path))
        {
            return false;
        }

        // Durable before the temporary name goes: the link is what counts, and the one fsync of the directory covers it.
        _published = true;
        FileSystem.Delete(_temporaryPath);
        FileSystem.SyncDirectory(System.IO.Path.GetDirectoryName(Path)!);
        return true;
    }

    public void PublishReplacing()
    {
        FileSystem.Sync(Stream.SafeFileHandle, Path);
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
