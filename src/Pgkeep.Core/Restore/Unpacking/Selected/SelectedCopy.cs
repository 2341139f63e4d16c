using Pgkeep.Diagnostics;
using Pgkeep.Repository;

namespace Pgkeep.Restore.Unpacking.Selected;

/// <summary>Restores the files of a backup of which some need not come from it. <see cref="Survey"/> decides which, <see cref="Run"/> unpacks the others.</summary>
internal sealed class SelectedCopy
{
    private readonly StoredBackup _backup;
    private readonly BackupMetadata _metadata;
    private readonly int _jobs;
    private ManifestFiles? _files;

    /// <param name="jobs">How many threads; 1 reads an archive from its beginning to its end, and no index.</param>
    public SelectedCopy(StoredBackup backup, BackupMetadata metadata, TargetFiles target, int jobs)
    {
        _backup = backup;
        _metadata = metadata;
        Target = target;
        _jobs = jobs;
    }

    public TargetFiles Target { get; }

    public ManifestFiles Files => _files ?? throw new InvalidOperationException("nothing has been surveyed");

    /// <param name="isEmptied">Whether a file is to be zeros, by its name.</param>
    public void Survey(Func<string, bool> isEmptied, CancellationToken cancellationToken) =>
        _files = new FileSurvey(Path.Combine(_backup.Directory, RepositoryLayout.ManifestName), _metadata.Cluster.SystemIdentifier, _metadata.Sizes.Files, Target, isEmptied)
            .Run(_jobs, cancellationToken);

    /// <param name="archive">Its name in the backup.</param>
    /// <param name="prefix">What stands before a member's name in the archive's index: <c>pg_tblspc/OID/</c> for a tablespace.</param>
    /// <exception cref="PgkeepException">The archive is damaged, or something cannot be written.</exception>
    public void Run(string archive, string prefix, CancellationToken cancellationToken)
    {
        var path = Path.Combine(_backup.Directory, archive);
        using var files = new SelectedFiles(Files, Target, path);
        if (_jobs > 1 && File.Exists(ArchiveNames.IndexOf(path)))
        {
            new SelectedUnpack(files, path, prefix, _metadata.Codec).Run(_jobs, cancellationToken);
        }
        else
        {
            new SelectedTar(files, path, prefix).Run(_metadata.Codec, cancellationToken);
        }

        Target.Files.CompleteDirectories(path);
    }
}
