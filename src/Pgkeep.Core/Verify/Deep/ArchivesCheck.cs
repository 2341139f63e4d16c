using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;
using Pgkeep.Repository.Frames;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Verify.Deep;

/// <summary>
/// The archives of the cluster's files, one after the other in the order of the manifest. Whether an index fits is known only behind its archive:
/// if it does not, all that was found by it is void, and everything is read again without it. So it is, once, where pg_control, the last file,
/// names another size of relation segments than every common build has.
/// </summary>
internal sealed class ArchivesCheck
{
    private readonly StoredBackup _backup;
    private readonly BackupMetadata _metadata;
    private readonly Codec _codec;
    private readonly int _jobs;
    private readonly IReadOnlyList<DeepArchive> _archives;
    private readonly HashSet<DeepArchive> _indexed;
    private readonly HashSet<DeepArchive> _badIndexes = [];
    private readonly List<string> _indexProblems = [];
    private uint? _segmentBlocks;

    public ArchivesCheck(StoredBackup backup, BackupMetadata metadata, ChecksumList checksums, Codec codec, int jobs)
    {
        _backup = backup;
        _metadata = metadata;
        _codec = codec;
        _jobs = jobs;
        _archives = DeepArchive.Of(backup, metadata, checksums);
        _indexed = [.. _archives.Where(archive => File.Exists(archive.IndexPath))];
    }

    /// <summary>Files of the cluster, all archives together.</summary>
    public long Files { get; private set; }

    /// <summary>Of those files.</summary>
    public long Bytes { get; private set; }

    public long PagesChecked { get; private set; }

    public IReadOnlyList<string> Notes =>
        [.. _archives.Except(_indexed).Select(archive => $"\"{archive.Path}\" has no index, which it is whole without: it was read in one piece")];

    /// <summary>Of the archives that <see cref="Hashes"/> names.</summary>
    public long HashedBytes => _indexed.Sum(archive => new FileInfo(archive.Path) is { Exists: true } found ? found.Length : 0);

    /// <summary>Whether a file of the backup is compared with its stored checksum here.</summary>
    public bool Hashes(string name) => _indexed.Any(archive => Path.GetFileName(archive.Path) == name);

    /// <summary>What is wrong, each naming archive and file.</summary>
    public ProblemList Run(CancellationToken cancellationToken)
    {
        while (true)
        {
            var problems = new ProblemList();
            problems.AddRange(_indexProblems);
            if (TryRun(problems, cancellationToken))
            {
                return problems;
            }
        }
    }

    /// <summary>False where something was learnt that makes it necessary to read all again.</summary>
    private bool TryRun(ProblemList problems, CancellationToken cancellationToken)
    {
        try
        {
            using var manifest = new ManifestComparison(Path.Combine(_backup.Directory, RepositoryLayout.ManifestName), _metadata.Cluster.SystemIdentifier, problems);
            var pages = new RelationPages(_metadata, _segmentBlocks);
            var isComplete = true;
            ArchiveOutcome? main = null;
            foreach (var archive in _archives)
            {
                main = CheckReadable(archive, pages, manifest, problems, cancellationToken);
                if (main.IndexProblem is { } problem)
                {
                    _indexProblems.Add(problem);
                    _badIndexes.Add(archive);
                    return false;
                }

                isComplete &= main.IsComplete;
            }

            if (main is { IsComplete: true } && !CheckControl(main, pages, problems))
            {
                return false;
            }

            manifest.Finish(isComplete);
            (Files, Bytes, PagesChecked) = (manifest.Files, manifest.Bytes, pages.CheckedPages);
        }
        catch (PgkeepException unreadable)
        {
            problems.Add(unreadable.Message);
        }

        return true;
    }

    private ArchiveOutcome CheckReadable(DeepArchive archive, RelationPages pages, ManifestComparison manifest, ProblemList problems, CancellationToken cancellationToken)
    {
        if (!File.Exists(archive.Path))
        {
            // Otherwise it has been told.
            if (_indexed.Contains(archive))
            {
                problems.Add($"\"{archive.Path}\" is missing");
            }

            return new ArchiveOutcome { IsComplete = false };
        }

        try
        {
            return _indexed.Contains(archive) && !_badIndexes.Contains(archive)
                ? CheckIndexed(archive, pages, manifest, problems, cancellationToken)
                : CheckWhole(archive, pages, manifest, problems, cancellationToken);
        }
        catch (PgkeepException unreadable)
        {
            problems.Add(unreadable.Message);
            return new ArchiveOutcome { IsComplete = false };
        }
    }

    private ArchiveOutcome CheckIndexed(DeepArchive archive, RelationPages pages, ManifestComparison manifest, ProblemList problems, CancellationToken cancellationToken)
    {
        using var check = new IndexedArchiveCheck(archive, pages, manifest, problems);
        try
        {
            using var index = new FrameIndexReader(archive.IndexPath);
            var outcome = check.Run(index, _codec, _jobs, cancellationToken);
            return outcome with { IndexProblem = outcome.IndexProblem is { } misfit ? $"\"{archive.IndexPath}\" does not fit its archive: {misfit}" : null };
        }
        catch (PgkeepException damaged) when (damaged.Kind is ErrorKind.BackupDamaged)
        {
            return new ArchiveOutcome { IsComplete = false, IndexProblem = damaged.Message };
        }
    }

    private ArchiveOutcome CheckWhole(DeepArchive archive, RelationPages pages, ManifestComparison manifest, ProblemList problems, CancellationToken cancellationToken)
    {
        if (_badIndexes.Contains(archive) && archive.Stored is { } stored
            && BackupVerification.Check(_backup, new FileChecksum(Path.GetFileName(archive.Path), stored), cancellationToken).Problem is { } problem)
        {
            problems.Add(problem);
        }

        return new SequentialArchiveCheck(archive, pages, manifest, problems).Run(_codec, cancellationToken);
    }

    /// <summary>False where the pages must be checked again, with the size of segments that it names.</summary>
    private bool CheckControl(ArchiveOutcome main, RelationPages pages, ProblemList problems)
    {
        var path = _archives[^1].Path;
        if (main.Control is null)
        {
            problems.Add($"\"{path}\" does not end with {ControlFileReader.RelativePath}");
        }
        else if (!ControlFile.TryParse(main.Control, out var control, out var problem))
        {
            problems.Add($"\"{path}\": {ControlFileReader.RelativePath} {problem}");
        }
        else if (control.SystemIdentifier != _metadata.Cluster.SystemIdentifier)
        {
            problems.Add($"\"{path}\" is of the cluster {control.SystemIdentifier}, and the backup of {_metadata.Cluster.SystemIdentifier}");
        }
        else if (pages.IsOn && control.RelationSegmentBlocks != pages.SegmentBlocks && _segmentBlocks is null)
        {
            _segmentBlocks = control.RelationSegmentBlocks;
            return false;
        }

        return true;
    }
}
