using System.IO.Compression;
using System.Text;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Pgkeep.Verify.Wal;
using Xunit;

namespace Pgkeep.Tests.Verify.Wal;

/// <summary>An archive to be damaged and verified: each damage is found and named, and nothing else.</summary>
internal sealed class VerifiedArchive : IDisposable
{
    private const string SecondHistory = "1\t0/580000\tno recovery target specified\n";

    private readonly MadeUpArchive _archive = new();

    public WalArchive Archive => _archive.Archive;

    /// <summary>Of the segments 2 and 3.</summary>
    public static BackupMetadata EarlyBackup => SampleMetadata.Create() with { StartLsn = new Lsn(0x200028), StopLsn = new Lsn(0x300100), StartWal = MadeUpArchive.Name(1, 2), StopWal = MadeUpArchive.Name(1, 3) };

    public void Dispose() => _archive.Dispose();

    public string PathOf(string name) => _archive.PathOf(name);

    public Task AddAsync(uint timeline, int first, int last) => _archive.AddAsync(timeline, first, last);

    public Task AddHistoryAsync(uint timeline, string text) => _archive.AddHistoryAsync(timeline, text);

    public Task StoreAsync(string name, byte[] content, SystemIdentifier? cluster = null) => _archive.StoreAsync(name, content, cluster);

    /// <summary>Timeline 2 leaves 1 in the middle of segment 5.</summary>
    public async Task MakeAsync()
    {
        await _archive.AddAsync(1, 1, 4);
        await _archive.AddAsync(2, 6, 7);
        await _archive.StoreAsync("000000020000000000000005", MadeUpArchive.Segment(MadeUpArchive.Name(2, 5), timelineOf: address => address.Value < 0x580000 ? 1u : 2u));
        await _archive.AddHistoryAsync(2, SecondHistory);
        var partial = MadeUpArchive.Segment(MadeUpArchive.Name(1, 5));
        // What the file was before, as a server's recycled one has it behind its end.
        MadeUpArchive.Segment(MadeUpArchive.Name(1, 2)).AsSpan(100 * MadeUpArchive.Page).CopyTo(partial.AsSpan(100 * MadeUpArchive.Page));
        await _archive.StoreAsync("000000010000000000000005.partial", partial);
        await _archive.StoreAsync("000000010000000000000002.00000028.backup", Encoding.ASCII.GetBytes("START WAL LOCATION: 0/200028 (file 000000010000000000000002)\nSTOP WAL LOCATION: 0/200100 (file 000000010000000000000002)\n"));
    }

    /// <summary>Stores other content as another tool would: a sound gzip without our identity.</summary>
    public void Plant(string name, byte[] content, Action<byte[]> change)
    {
        change(content);
        using var gzip = new GZipStream(File.Create(_archive.PathOf(name)), CompressionLevel.Fastest);
        gzip.Write(content);
    }

    public void Change(string name, Action<byte[]> change, Func<byte[], byte[]>? cut = null)
    {
        var stored = File.ReadAllBytes(_archive.PathOf(name));
        change(stored);
        File.WriteAllBytes(_archive.PathOf(name), cut?.Invoke(stored) ?? stored);
    }

    public Task<WalVerificationResult> RunAsync(int jobs = 2, IReadOnlyList<BackupMetadata>? backups = null) =>
        WalVerification.RunAsync(_archive.Archive, MadeUpArchive.Identity, backups ?? [], jobs, TestContext.Current.CancellationToken);

    public async Task<WalProblem> ExpectAsync(string name, WalDamage damage, string suffix = ".gz")
    {
        var result = await RunAsync();

        var problem = Assert.Single(result.Problems);
        Assert.Equal((_archive.Archive.Describe(name + suffix), damage), (problem.File, problem.Damage));
        Assert.Equal(result.Problems.Count, result.ProblemCount);
        return problem;
    }
}
