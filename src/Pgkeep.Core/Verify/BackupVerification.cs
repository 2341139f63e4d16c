using System.Security.Cryptography;
using Pgkeep.Posix;
using Pgkeep.Repository;
using Pgkeep.Streams;

namespace Pgkeep.Verify;

/// <summary>Reads every file of a backup again and compares it with the checksum that was stored with it.</summary>
internal static class BackupVerification
{
    private const int BufferLength = 1024 * 1024;
    private const int MaxJobs = 4;

    /// <summary>Never throws for a damaged backup: what is wrong with it is the answer.</summary>
    public static async Task<VerificationResult> RunAsync(StoredBackup backup, CancellationToken cancellationToken)
    {
        var checksums = backup.Checksums ?? backup.RequireUsable().Checksums;
        var (bytes, problems) = await CheckAsync(backup, checksums.Files, Math.Min(MaxJobs, Environment.ProcessorCount), cancellationToken);
        problems.AddRange(MissingFromList(backup, checksums));
        if (problems.Count == 0 && backup.Problem is { } problem)
        {
            problems.Add(problem);
        }

        return new VerificationResult(checksums.Files.Count, bytes, [.. problems.Order(StringComparer.Ordinal)]);
    }

    /// <summary>Some files of a backup, the largest first: one that is begun last would be waited for alone.</summary>
    public static async Task<(long Bytes, List<string> Problems)> CheckAsync(
        StoredBackup backup, IEnumerable<FileChecksum> files, int jobs, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        var bytes = 0L;
        await Parallel.ForEachAsync(
            files.OrderByDescending(file => LengthOf(backup, file)),
            new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = cancellationToken },
            (file, cancel) =>
            {
                var (length, problem) = Check(backup, file, cancel);
                Interlocked.Add(ref bytes, length);
                if (problem is not null)
                {
                    lock (problems)
                    {
                        problems.Add(problem);
                    }
                }

                return ValueTask.CompletedTask;
            });
        return (bytes, problems);
    }

    /// <summary>One file; its length is 0 where it cannot be read.</summary>
    public static (long Length, string? Problem) Check(StoredBackup backup, FileChecksum file, CancellationToken cancellationToken)
    {
        var path = Path.Combine(backup.Directory, file.Name);
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, FileOptions.SequentialScan);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = GC.AllocateUninitializedArray<byte>((int)Math.Clamp(stream.Length, 1, BufferLength));
            for (int read; (read = stream.Read(buffer)) > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                hash.AppendData(buffer.AsSpan(0, read));
            }

            var digest = new Sha256Digest(hash.GetHashAndReset());
            return (stream.Length, digest == file.Digest ? null : $"\"{path}\" is damaged: its checksum is {digest}, stored was {file.Digest}");
        }
        catch (FileNotFoundException)
        {
            return (0, $"\"{path}\" is missing");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return (0, PosixError.From(thrown, "read", path).Message);
        }
    }

    /// <summary>What a restore needs must be on the list, or it was never checked.</summary>
    public static IEnumerable<string> MissingFromList(StoredBackup backup, ChecksumList checksums)
    {
        string[] needed =
        [
            RepositoryLayout.ManifestName, RepositoryLayout.MetadataName,
            .. backup.Metadata is { } metadata ? [metadata.Archives.Main, metadata.Archives.Wal, .. metadata.Tablespaces.Select(tablespace => tablespace.Archive)] : Array.Empty<string>(),
        ];
        return needed.Except(checksums.Files.Select(file => file.Name)).Select(name => $"\"{Path.Combine(backup.Directory, name)}\" is not in {RepositoryLayout.ChecksumsName}");
    }

    private static long LengthOf(StoredBackup backup, FileChecksum file) =>
        new FileInfo(Path.Combine(backup.Directory, file.Name)) is { Exists: true } found ? found.Length : 0;
}
