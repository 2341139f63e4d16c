using Pgkeep.Diagnostics;
using Pgkeep.Repository;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Verify.Deep;

/// <summary>
/// Reads a backup back to the last page: besides the stored checksums, that every archive decompresses into a tar with exactly the files of
/// <c>backup_manifest</c>, that every page fits its checksum, and that the WAL it needs is in it. An archive with an index is read once and in
/// parallel; one without, or whose index turns out to be wrong, from its beginning to its end.
/// </summary>
internal sealed class DeepVerification
{
    private readonly StoredBackup _backup;
    private readonly BackupMetadata _metadata;
    private readonly ChecksumList _checksums;
    private readonly Codec _codec;
    private readonly int _jobs;

    private DeepVerification(StoredBackup backup, BackupMetadata metadata, ChecksumList checksums, int jobs)
    {
        _backup = backup;
        _metadata = metadata;
        _checksums = checksums;
        _codec = metadata.Codec;
        _jobs = jobs;
    }

    /// <summary>Never throws for a damaged backup: what is wrong with it is the answer.</summary>
    public static async Task<VerificationResult> RunAsync(StoredBackup backup, int jobs, CancellationToken cancellationToken) =>
        backup is { Metadata: { } metadata, Checksums: { } checksums, IsUsable: true }
            ? await new DeepVerification(backup, metadata, checksums, jobs).RunAsync(cancellationToken)
            // Without metadata nothing tells what should be in it; that it is not sound is known.
            : await BackupVerification.RunAsync(backup, cancellationToken);

    private async Task<VerificationResult> RunAsync(CancellationToken cancellationToken)
    {
        var archives = new ArchivesCheck(_backup, _metadata, _checksums, _codec, _jobs);
        // Those that are hashed while they are decompressed are not read here.
        var stored = await BackupVerification.CheckAsync(_backup, _checksums.Files.Where(file => !archives.Hashes(file.Name)), _jobs, cancellationToken);
        var beside = new ProblemList();
        var checkBeside = Task.Run(() => CheckBeside(beside, cancellationToken), cancellationToken);
        var inside = await Task.Run(() => archives.Run(cancellationToken), cancellationToken);
        await checkBeside;

        var problems = new ProblemList();
        problems.AddRange(stored.Problems.Concat(BackupVerification.MissingFromList(_backup, _checksums)).Order(StringComparer.Ordinal));
        problems.Join(inside);
        problems.Join(beside);
        return new VerificationResult(_checksums.Files.Count, stored.Bytes + archives.HashedBytes, problems.ToLines())
        {
            Deep = new DeepResult(archives.Files, archives.Bytes, _metadata.Cluster.DataChecksums, archives.PagesChecked, _metadata.ExcusedPages.Count, _metadata.Findings, archives.Notes),
        };
    }

    /// <summary>What lies beside the cluster's files, while those are read.</summary>
    private void CheckBeside(ProblemList problems, CancellationToken cancellationToken)
    {
        Check(_metadata.Archives.Wal, path => new WalTarCheck(path, _metadata, problems).Run(_codec, cancellationToken));
        Check(_metadata.Archives.Configuration, path => TarArchive.TryRead(path, _codec, (_, _) => { }, problems, cancellationToken));
        Check(RepositoryLayout.CatalogName, path => CatalogCheck.Run(path, problems, cancellationToken));

        void Check(string name, Action<string> check)
        {
            // What is on the list and not there has been told; what is not on the list is not part of the backup.
            var path = Path.Combine(_backup.Directory, name);
            if (!File.Exists(path) || _checksums.Files.All(file => file.Name != name))
            {
                return;
            }

            try
            {
                check(path);
            }
            catch (PgkeepException unreadable)
            {
                problems.Add(unreadable.Message);
            }
        }
    }
}
