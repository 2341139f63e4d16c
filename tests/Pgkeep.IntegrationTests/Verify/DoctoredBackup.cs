using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Pgkeep.IntegrationTests.Backup;
using Pgkeep.IntegrationTests.Harness;

namespace Pgkeep.IntegrationTests.Verify;

/// <summary>A copy of a repository with one backup, to be damaged.</summary>
internal sealed class DoctoredBackup
{
    private const int TarBlock = 512;

    private readonly string _repository;

    private DoctoredBackup(string repository, string directory)
    {
        _repository = repository;
        Directory = directory;
    }

    public string Directory { get; }

    public static async Task<DoctoredBackup> CopyAsync(SampleBackup sample)
    {
        var repository = sample.Site.Cluster.Workspace.PathOf($"deep-{Guid.NewGuid():N}");
        (await TestAccount.RunAsync("cp", ["-a", sample.Site.Repository, repository])).EnsureSuccess();
        return new DoctoredBackup(repository, Path.Combine(repository, Path.GetFileName(sample.Directory)));
    }

    public Task<ProgramResult> VerifyAsync(params string[] options) =>
        PgkeepBinary.RunAsync(["verify", "--config", "/dev/null", "--backup-dir", _repository, Directory, .. options]);

    public string PathOf(string name) => Path.Combine(Directory, name);

    /// <summary>In place, so that the file stays the account's.</summary>
    public void Rewrite(string name, Func<byte[], byte[]> change)
    {
        var content = change(File.ReadAllBytes(PathOf(name)));
        File.WriteAllBytes(PathOf(name), content);
    }

    /// <summary>Compressed again by an ordinary gzip.</summary>
    public void RewritePlain(string name, Func<byte[], byte[]> change) => Rewrite(name, stored =>
    {
        using var plain = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(stored), CompressionMode.Decompress))
        {
            gzip.CopyTo(plain);
        }

        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            gzip.Write(change(plain.ToArray()));
        }

        return compressed.ToArray();
    });

    /// <summary>Makes checksums.sha256 fit again, as only somebody with bad intentions would, or a program that is wrong.</summary>
    public void Seal()
    {
        var list = new StringBuilder();
        foreach (var path in System.IO.Directory.EnumerateFiles(Directory).Where(path => !path.EndsWith(".sha256", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            list.Append($"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)))}  {Path.GetFileName(path)}\n");
        }

        Rewrite("checksums.sha256", _ => Encoding.ASCII.GetBytes(list.ToString()));
    }

    /// <summary>Where a member's header lies in a plain tar; one of short name, and no long one before it.</summary>
    public static int FindMember(byte[] tar, string name)
    {
        for (var offset = 0; offset < tar.Length && tar[offset] != 0; offset += TarBlock + ((SizeAt(tar, offset) + TarBlock - 1) / TarBlock * TarBlock))
        {
            if (Encoding.UTF8.GetString(tar, offset, 100).TrimEnd('\0') == name)
            {
                return offset;
            }
        }

        throw new ArgumentException($"there is no member \"{name}\"", nameof(name));
    }

    public static byte[] WithoutMember(byte[] tar, string name)
    {
        var offset = FindMember(tar, name);
        var end = offset + TarBlock + ((SizeAt(tar, offset) + TarBlock - 1) / TarBlock * TarBlock);
        return [.. tar[..offset], .. tar[end..]];
    }

    public static int ContentOf(byte[] tar, string name) => FindMember(tar, name) + TarBlock;

    private static int SizeAt(byte[] tar, int offset) => Convert.ToInt32(Encoding.ASCII.GetString(tar, offset + 124, 11), 8);
}
