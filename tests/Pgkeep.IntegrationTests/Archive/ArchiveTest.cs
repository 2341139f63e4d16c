using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>An empty repository for each test, and the two commands that a server calls.</summary>
public abstract class ArchiveTest : IntegrationTest
{
    /// <summary>Of a segment: behind the first page's header; most of a segment that was switched early is zero.</summary>
    private protected const int WithinFirstRecord = 100;

    private protected string Repository { get; private set; } = "";

    private protected string Archive => Path.Combine(Repository, "wal_archive");

    private protected RunOptions Options => new()
    {
        Environment = new Dictionary<string, string> { ["BACKUP_DIR"] = Repository },
        WorkingDirectory = Path.GetDirectoryName(Repository)!,
    };

    public override async ValueTask InitializeAsync() => Repository = await (await GetWorkspaceAsync()).CreateDirectoryAsync("repository");

    private protected string StoredPath(string name) => Path.Combine(Archive, name + ".gz");

    private protected Task<ProgramResult> PushAsync(string path, string? name = null) =>
        PgkeepBinary.RunAsync(["archive-wal", path, name ?? Path.GetFileName(path)], Options);

    private protected async Task PushAllAsync(IEnumerable<string> paths)
    {
        foreach (var path in paths)
        {
            (await PushAsync(path)).EnsureSuccess();
        }
    }

    /// <summary>Empties the repository.</summary>
    private protected void Forget()
    {
        foreach (var entry in new DirectoryInfo(Repository).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo directory)
            {
                directory.Delete(recursive: true);
            }
            else
            {
                entry.Delete();
            }
        }
    }

    private protected async Task<string> CopyAsync(string path, string name)
    {
        var target = (await GetWorkspaceAsync()).PathOf(name);
        (await TestAccount.RunAsync("cp", [path, target])).EnsureSuccess();
        return target;
    }

    /// <summary>In the middle of what is compressed, and more than one bit: a single one may mean nothing.</summary>
    private protected static void Damage(string path)
    {
        var middle = new FileInfo(path).Length / 2;
        for (var offset = middle; offset < middle + 40; offset++)
        {
            FlipByte(path, offset);
        }
    }

    private protected static void FlipByte(string path, long offset)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        var one = new byte[1];
        RandomAccess.Read(file, one, offset);
        one[0] ^= 0x10;
        RandomAccess.Write(file, one, offset);
    }

    private protected static async Task<byte[]> UnzipAsync(string path)
    {
        await using var gzip = new System.IO.Compression.GZipStream(File.OpenRead(path), System.IO.Compression.CompressionMode.Decompress);
        using var content = new MemoryStream();
        await gzip.CopyToAsync(content, TestContext.Current.CancellationToken);
        return content.ToArray();
    }

    /// <summary>Every file that carries a final name is a whole one.</summary>
    private protected async Task EnsureStoredFilesAreWholeAsync(IEnumerable<string> sources)
    {
        var bySource = sources.ToDictionary(path => Path.GetFileName(path) + ".gz");
        foreach (var name in RepositoryNames.VisibleIn(Archive))
        {
            Assert.Equal(await File.ReadAllBytesAsync(bySource[name], TestContext.Current.CancellationToken), await UnzipAsync(Path.Combine(Archive, name)));
        }
    }
}
