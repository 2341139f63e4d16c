using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Postgres.Pages;

namespace Pgkeep.Drill;

/// <summary>Checks the pages of all relations of a cluster whose server is stopped: then none of them is being written.</summary>
internal sealed class PageScan
{
    private const int PieceLength = 1024 * 1024;

    /// <summary>Of a cluster that is damaged all over.</summary>
    private const int MaxProblems = 100;

    private readonly string _dataDirectory;
    private readonly ControlFile _control;
    private readonly List<string> _problems = [];
    private long _pages;
    private long _damaged;

    public PageScan(string dataDirectory)
    {
        _dataDirectory = dataDirectory;
        _control = ControlFileReader.Read(dataDirectory);
    }

    public async Task<DrillCheck> RunAsync(int jobs, CancellationToken cancellationToken)
    {
        const string name = "pages";
        if (!_control.HasDataChecksums)
        {
            return new DrillCheck(name, true, "not checked: the cluster has no data checksums");
        }

        await Parallel.ForEachAsync(
            Files(),
            new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = cancellationToken },
            (file, token) =>
            {
                Check(file.Name, file.Path, token);
                return ValueTask.CompletedTask;
            });
        return _damaged == 0
            ? new DrillCheck(name, true, $"{_pages} pages fit their checksums")
            : new DrillCheck(name, false, $"{_damaged} of {_pages} pages are damaged: {string.Join(", ", _problems.Order(StringComparer.Ordinal))}{(_damaged > _problems.Count ? " and others" : "")}");
    }

    /// <summary>By their names in a data directory.</summary>
    private IEnumerable<(string Name, string Path)> Files()
    {
        foreach (var file in FilesIn("global", Path.Combine(_dataDirectory, "global")).Concat(FilesBelow("base", Path.Combine(_dataDirectory, "base"))))
        {
            yield return file;
        }

        foreach (var tablespace in new DirectoryInfo(Path.Combine(_dataDirectory, TablespaceLinks.FolderName)).EnumerateFileSystemInfos())
        {
            foreach (var version in Directory.EnumerateDirectories(tablespace.FullName, "PG_*"))
            {
                foreach (var file in FilesBelow($"{TablespaceLinks.FolderName}/{tablespace.Name}/{Path.GetFileName(version)}", version))
                {
                    yield return file;
                }
            }
        }
    }

    private static IEnumerable<(string Name, string Path)> FilesBelow(string name, string directory) =>
        Directory.EnumerateDirectories(directory).SelectMany(database => FilesIn($"{name}/{Path.GetFileName(database)}", database));

    private static IEnumerable<(string Name, string Path)> FilesIn(string name, string directory) =>
        Directory.EnumerateFiles(directory).Select(path => ($"{name}/{Path.GetFileName(path)}", path));

    private void Check(string name, string path, CancellationToken cancellationToken)
    {
        if (!RelationFilePath.TryParse(name, out var relation) || relation.IsTemporary)
        {
            return;
        }

        var (size, buffer) = ((int)_control.BlockSize, new byte[PieceLength]);
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0, FileOptions.SequentialScan);
            for (uint block = 0; file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) is var read && read >= size; block += (uint)(read / size))
            {
                cancellationToken.ThrowIfCancellationRequested();
                for (var i = 0; i < read / size; i++)
                {
                    Check(name, buffer.AsSpan(i * size, size), relation.Segment * _control.RelationSegmentBlocks, block + (uint)i);
                }

                Interlocked.Add(ref _pages, read / size);
            }
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    private void Check(string name, ReadOnlySpan<byte> page, uint first, uint block)
    {
        if (PageChecksum.Fits(page, first + block))
        {
            return;
        }

        lock (_problems)
        {
            _damaged++;
            if (_problems.Count < MaxProblems)
            {
                _problems.Add($"{name} block {block}");
            }
        }
    }
}
