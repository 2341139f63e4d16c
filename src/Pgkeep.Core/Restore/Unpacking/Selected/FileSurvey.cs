using System.Runtime.ExceptionServices;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Restore.Unpacking.Selected;

/// <summary>
/// Goes through a <c>backup_manifest</c> with several threads and decides where each file comes from: an old file is used where it has the size and the CRC-32C that the manifest
/// tells. Times are never looked at.
/// </summary>
internal sealed class FileSurvey
{
    private const int BufferLength = 1024 * 1024;

    /// <summary>Small, and what decides how a server starts: they always come from the backup.</summary>
    private static readonly HashSet<string> FromBackup = [ControlFileReader.RelativePath, "backup_label", "tablespace_map"];

    private readonly string _path;
    private readonly SystemIdentifier _cluster;
    private readonly TargetFiles _target;
    private readonly Func<string, bool> _isEmptied;
    private readonly Lock _lock = new();
    private readonly List<Exception> _failures = [];
    private readonly List<ManifestFiles.Entry> _entries;
    private readonly HashSet<UInt128> _directories = [];
    private string _lastDirectory = "";

    /// <param name="path">Of the manifest.</param>
    /// <param name="expected">How many files it is expected to have.</param>
    /// <param name="isEmptied">Whether a file is to be zeros, by its name.</param>
    public FileSurvey(string path, SystemIdentifier cluster, long expected, TargetFiles target, Func<string, bool> isEmptied)
    {
        _path = path;
        _cluster = cluster;
        _target = target;
        _isEmptied = isEmptied;
        _entries = new List<ManifestFiles.Entry>((int)Math.Clamp(expected, 16, int.MaxValue / 2));
    }

    /// <summary>To be called once.</summary>
    /// <exception cref="PgkeepException">The manifest is damaged, or a file cannot be read.</exception>
    public ManifestFiles Run(int jobs, CancellationToken cancellationToken)
    {
        try
        {
            using var file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan);
            using var manifest = new BackupManifestReader(file);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var threads = Enumerable.Range(0, jobs).Select(number => new Thread(() => Work(manifest, stop)) { Name = $"survey {number}" }).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            if (_failures.Count > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                ExceptionDispatchInfo.Throw(_failures[0]);
            }

            if (!manifest.TryFinish(out var summary, out var problem))
            {
                throw Damaged($"is damaged: {problem}");
            }

            if (summary.SystemIdentifier is { } own && own != _cluster)
            {
                throw Damaged($"is of the cluster {own}, and the backup of {_cluster}");
            }
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", _path);
        }

        return new ManifestFiles(_path, _entries, _directories);
    }

    /// <summary>The boundary of a thread: whatever is thrown in it is brought out by <see cref="Run"/>.</summary>
    private void Work(BackupManifestReader manifest, CancellationTokenSource stop)
    {
        try
        {
            var buffer = new byte[BufferLength];
            while (TryTake(manifest, out var file))
            {
                stop.Token.ThrowIfCancellationRequested();
                Add(file, buffer, stop.Token);
            }
        }
        catch (Exception failure)
        {
            lock (_lock)
            {
                _failures.Add(failure);
            }

            stop.Cancel();
        }
    }

    private bool TryTake(BackupManifestReader manifest, out BackupManifestFile file)
    {
        lock (_lock)
        {
            file = null!;
            return manifest.TryReadFile(out var next) && (file = next) is not null;
        }
    }

    private void Add(BackupManifestFile file, byte[] buffer, CancellationToken cancellationToken)
    {
        var name = file.Path;
        var crc = file.Crc32C ?? throw Damaged($"has no CRC-32C for {name}");
        var origin = FromBackup.Contains(name) ? FileOrigin.Backup
            : _isEmptied(name) ? FileOrigin.Zeros
            : _target.TryKeep(name, file.Size, crc, buffer, cancellationToken) ? FileOrigin.Old
            : FileOrigin.Backup;
        var entry = new ManifestFiles.Entry(ManifestFiles.KeyOf(name), file.Size, crc, origin);
        lock (_lock)
        {
            _entries.Add(entry);
            AddDirectories(name);
        }
    }

    private void AddDirectories(string name)
    {
        var end = name.LastIndexOf('/');
        if (end == _lastDirectory.Length && name.StartsWith(_lastDirectory, StringComparison.Ordinal))
        {
            return;
        }

        _lastDirectory = end > 0 ? name[..end] : "";
        for (var directory = _lastDirectory; directory.Length > 0 && _directories.Add(ManifestFiles.KeyOf(directory));)
        {
            directory = directory[..Math.Max(0, directory.LastIndexOf('/'))];
        }
    }

    private PgkeepException Damaged(string problem) => new(ErrorKind.BackupDamaged, $"\"{_path}\" {problem}", "pgkeep verify --deep names every damaged file of a backup");
}
