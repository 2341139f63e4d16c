using System.Security.Cryptography;
using Pgkeep.Posix;
using Pgkeep.Repository;
using Pgkeep.Streams;

namespace Pgkeep.Verify;

/// <summary>Reads every file of a backup again and compares it with the checksum that was stored with it.</summary>
internal static class BackupVerification
{
    private const int BufferLength = 1024 * 1024;

    /// <summary>Never throws for a damaged backup: what is wrong with it is the answer.</summary>
    public static async Task<VerificationResult> RunAsync(StoredBackup backup, CancellationToken cancellationToken)
    {
        var checksums = backup.Checksums ?? backup.RequireUsable().Checksums;
        var problems = new List<string>();
        var bytes = 0L;
        await Parallel.ForEachAsync(
            checksums.Files,
            new ParallelOptions { MaxDegreeOfParallelism = Math.Min(4, Environment.ProcessorCount), CancellationToken = cancellationToken },
            async (file, cancel) =>
            {
                var (length, problem) = await CheckAsync(backup, file, cancel);
                Interlocked.Add(ref bytes, length);
                if (problem is not null)
                {
                    lock (problems)
                    {
                        problems.Add(problem);
                    }
                }
            });
        problems.AddRange(MissingFromList(backup, checksums));
        if (problems.Count == 0 && backup.Problem is { } problem)
        {
            problems.Add(problem);
        }

        return new VerificationResult(checksums.Files.Count, bytes, [.. problems.Order(StringComparer.Ordinal)]);
    }

    private static async Task<(long Length, string? Problem)> CheckAsync(StoredBackup backup, FileChecksum file, CancellationToken cancellationToken)
    {
        var path = Path.Combine(backup.Directory, file.Name);
        try
        {
            await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, FileOptions.SequentialScan);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[BufferLength];
            for (int read; (read = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
            {
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
    private static IEnumerable<string> MissingFromList(StoredBackup backup, ChecksumList checksums)
    {
        string[] needed =
        [
            RepositoryLayout.ManifestName, RepositoryLayout.MetadataName,
            .. backup.Metadata is { } metadata ? [metadata.Archives.Main, metadata.Archives.Wal, .. metadata.Tablespaces.Select(tablespace => tablespace.Archive)] : Array.Empty<string>(),
        ];
        return needed.Except(checksums.Files.Select(file => file.Name)).Select(name => $"\"{Path.Combine(backup.Directory, name)}\" is not in {RepositoryLayout.ChecksumsName}");
    }
}

/// <param name="Problems">Each names the file; none for a sound backup.</param>
internal sealed record VerificationResult(int Files, long Bytes, IReadOnlyList<string> Problems);
