using System.Text;
using Pgkeep.Posix;
using Pgkeep.Postgres;

namespace Pgkeep.Verify.Deep;

/// <summary>
/// Compares the files of the archives with <c>backup_manifest</c>, one of each at a time. Both are written in one order, so hardly anything is kept;
/// where the orders differ, what has come on one side waits for the other, and only the memory grows.
/// </summary>
internal sealed class ManifestComparison : IDisposable
{
    private readonly string _path;
    private readonly SystemIdentifier _identifier;
    private readonly ProblemList _problems;
    private readonly FileStream _file;
    private readonly BackupManifestReader _manifest;
    private readonly Dictionary<string, FileFacts> _files = [];
    private readonly Dictionary<string, FileFacts> _entries = [];
    private bool _isAtEnd;
    private bool _isBroken;

    /// <param name="identifier">Of the backup's cluster.</param>
    /// <exception cref="Diagnostics.PgkeepException">The manifest cannot be opened.</exception>
    public ManifestComparison(string path, SystemIdentifier identifier, ProblemList problems)
    {
        _path = path;
        _identifier = identifier;
        _problems = problems;
        try
        {
            _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, FileOptions.SequentialScan);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "open", path);
        }

        _manifest = new BackupManifestReader(_file);
    }

    public long Files { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>The next file of the archives.</summary>
    /// <param name="archive">For messages.</param>
    /// <param name="crc">CRC-32C of its content; null where not all of it could be read, which has been told.</param>
    public void Add(string archive, string name, long size, uint? crc)
    {
        Files++;
        Bytes += size;
        var file = new FileFacts(archive, size, crc);
        var hasEntry = TryReadEntry(out var entryName, out var entry);
        if (hasEntry && entryName == name)
        {
            Compare(name, file, entry);
            return;
        }

        Take(name, file);
        if (!hasEntry)
        {
            return;
        }

        if (_files.Remove(entryName, out var earlier))
        {
            Compare(entryName, earlier, entry);
        }
        else if (!_entries.TryAdd(entryName, entry))
        {
            _problems.Add($"\"{_path}\" has {entryName} twice");
        }
    }

    /// <summary>When all archives have been read: what is left has no counterpart.</summary>
    /// <param name="isComplete">False where an archive could not be read to its end; what is missing then says nothing.</param>
    public void Finish(bool isComplete)
    {
        while (TryReadEntry(out var name, out var entry))
        {
            if (_files.Remove(name, out var file))
            {
                Compare(name, file, entry);
            }
            else if (isComplete)
            {
                AddMissing(name);
            }
        }

        // Where the manifest breaks off, nothing is known of what waits for its rest.
        foreach (var (name, file) in _isBroken ? [] : _files)
        {
            AddUnknown(name, file);
        }

        foreach (var name in isComplete ? _entries.Keys : Enumerable.Empty<string>())
        {
            AddMissing(name);
        }
    }

    public void Dispose()
    {
        _manifest.Dispose();
        _file.Dispose();
    }

    private void AddMissing(string name) => _problems.Add($"{name} is missing: \"{_path}\" has it, and no archive");

    private void AddUnknown(string name, FileFacts file) => _problems.Add($"\"{file.Archive}\" has {name}, which is not in \"{_path}\"");

    /// <summary>A file whose entry has come already, comes later, or never.</summary>
    private void Take(string name, FileFacts file)
    {
        if (_entries.Remove(name, out var entry))
        {
            Compare(name, file, entry);
        }
        else if (_isAtEnd)
        {
            if (!_isBroken)
            {
                AddUnknown(name, file);
            }
        }
        else if (!_files.TryAdd(name, file))
        {
            _problems.Add($"\"{file.Archive}\" has {name} twice");
        }
    }

    private void Compare(string name, FileFacts file, FileFacts entry)
    {
        if (file.Size != entry.Size)
        {
            _problems.Add($"\"{file.Archive}\": {name} has {file.Size} bytes, and {entry.Size} by the manifest");
        }
        else if (entry.Crc is null)
        {
            _problems.Add($"\"{_path}\" has no CRC-32C for {name}");
        }
        else if (file.Crc is not null && file.Crc != entry.Crc)
        {
            _problems.Add($"\"{file.Archive}\": {name} is damaged: its checksum is {file.Crc:x8}, and {entry.Crc:x8} by the manifest");
        }
    }

    private bool TryReadEntry(out string name, out FileFacts entry)
    {
        name = "";
        entry = default;
        if (_isAtEnd)
        {
            return false;
        }

        try
        {
            if (_manifest.TryReadFile(out var file))
            {
                name = Encoding.UTF8.GetString(file.PathBytes);
                entry = new FileFacts(_path, file.Size, file.Crc32C);
                return true;
            }

            _isAtEnd = true;
            FinishManifest();
            return false;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", _path);
        }
    }

    private void FinishManifest()
    {
        if (!_manifest.TryFinish(out var summary, out var problem))
        {
            _isBroken = true;
            _problems.Add($"\"{_path}\" is damaged: {problem}");
        }
        else if (summary.SystemIdentifier is { } own && own != _identifier)
        {
            _problems.Add($"\"{_path}\" is of the cluster {own}, and the backup of {_identifier}");
        }
    }

    private readonly record struct FileFacts(string Archive, long Size, uint? Crc);
}
