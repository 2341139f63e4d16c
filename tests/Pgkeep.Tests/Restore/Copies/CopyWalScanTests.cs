using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;
using Pgkeep.Restore;
using Pgkeep.Restore.Copies;
using Pgkeep.Streams.Tar;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore.Copies;

/// <summary>A backup whose own segments, 1 and 2 of 1 MiB, are in its tar alone; the archive has 3 and 4.</summary>
public sealed class CopyWalScanTests : IDisposable
{
    private const int SegmentLength = 1024 * 1024;

    private readonly TemporaryDirectory _directory = new();
    private readonly MadeUpArchive _archive = new();
    private readonly WalBuilder _wal = MadeUpArchive.Begin(MadeUpArchive.Name(1, 1));
    private readonly Lsn _start;
    private Lsn _last;

    public CopyWalScanTests() => _start = _wal.AddMessage(100);

    public void Dispose()
    {
        _archive.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task The_end_is_the_last_record_that_is_there()
    {
        FillTo(4, SegmentLength - 100);

        var wal = await ReadAsync();

        Assert.Equal((_last, null), (wal.Last, wal.Created));
        Assert.Equal(RecoveryTarget.OfLsn(_last), wal.Pin(new RecoveryEnd(RecoveryTarget.Latest, null)).Told);
    }

    [Theory]
    [InlineData(1, 300)]
    [InlineData(2, 500_000)]
    [InlineData(2, SegmentLength - 60)]
    [InlineData(3, 500_000)]
    [InlineData(4, 500_000)]
    public async Task A_tablespace_is_found_wherever_its_record_lies(int segment, int offset)
    {
        FillTo((ulong)segment, offset);
        var at = AddTablespace();
        FillTo(4, SegmentLength - 100);

        var wal = await ReadAsync();

        Assert.Equal(at, wal.Created?.At);
        var thrown = Assert.Throws<PgkeepException>(() => wal.RequireHarmless(new Lsn(0x280000)));
        Assert.Equal(ErrorKind.TablespaceInWal, thrown.Kind);
        Assert.Equal(at >= new Lsn(0x280000), thrown.Hints.Any(hint => hint.Contains($"--target-lsn {at} --target-exclusive", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task One_behind_the_end_of_the_recovery_does_not_count()
    {
        FillTo(3, 1000);
        var at = AddTablespace();
        FillTo(4, SegmentLength - 100);
        var stop = new RecoveryStop(at, at + 64, false, null);

        var before = await ReadAsync(new RecoveryEnd(RecoveryTarget.OfLsn(at, isExclusive: true), null) { Stop = stop, NeededUntil = stop.End });
        var behind = await ReadAsync(new RecoveryEnd(RecoveryTarget.OfLsn(at), null) { Stop = stop with { IsReplayed = true }, NeededUntil = stop.End });

        Assert.Null(before.Created);
        Assert.Equal(at, behind.Created?.At);
    }

    [Fact]
    public async Task A_missing_segment_is_named()
    {
        FillTo(4, SegmentLength - 100);
        await StoreAsync();
        File.Delete(_archive.PathOf(MadeUpArchive.Name(1, 3).ToString()));

        Assert.Equal(ErrorKind.WalMissing, (await Assert.ThrowsAsync<PgkeepException>(() => ReadStoredAsync(null))).Kind);
    }

    private Lsn AddTablespace() => _wal.Add(WalManagers.Tablespace, WalManagers.TablespaceCreate, WalBuilder.MainData([1, 2, 0, 0, .. Encoding.UTF8.GetBytes("/srv/live"), 0]));

    /// <summary>Records up to so near in front of an offset that the next one may lie across it.</summary>
    private void FillTo(ulong segment, int offset)
    {
        var target = new Lsn((segment * SegmentLength) + (ulong)offset);
        while (_wal.Position + 256 < target)
        {
            _last = _wal.AddMessage((int)Math.Min(2000, target - _wal.Position - 100));
        }
    }

    private async Task<CopyWal> ReadAsync(RecoveryEnd? end = null)
    {
        await StoreAsync();
        return await ReadStoredAsync(end);
    }

    private async Task StoreAsync()
    {
        byte[] all = [.. _wal.ToArray(), .. new byte[4 * SegmentLength]];
        await using var file = File.Create(_directory.PathOf("pg_wal.tar"));
        var tar = new TarWriter(file);
        for (var number = 1; number <= 4; number++)
        {
            var name = MadeUpArchive.Name(1, (ulong)number).ToString();
            var content = all[((number - 1) * SegmentLength)..(number * SegmentLength)];
            if (number <= 2)
            {
                tar.WriteFile(new TarEntry($"archive_status/{name}.done", TarEntryType.File, 0, 0b110_000_000, DateTimeOffset.UnixEpoch), []);
                tar.WriteFile(new TarEntry(name, TarEntryType.File, content.Length, 0b110_000_000, DateTimeOffset.UnixEpoch), content);
            }
            else
            {
                await _archive.StoreAsync(name, content);
            }
        }

        tar.Complete();
    }

    private async Task<CopyWal> ReadStoredAsync(RecoveryEnd? end)
    {
        var sample = SampleMetadata.Create();
        var metadata = sample with
        {
            Compression = "none",
            StartLsn = _start,
            StartWal = MadeUpArchive.Name(1, 1),
            StopWal = MadeUpArchive.Name(1, 2),
            Cluster = sample.Cluster with { WalSegmentSize = SegmentLength, SystemIdentifier = MadeUpArchive.Identity.SystemIdentifier },
        };
        var own = new HashSet<WalSegmentName> { metadata.StartWal, metadata.StopWal };
        var inventory = await _archive.Archive.ListAsync(TestContext.Current.CancellationToken);
        var found = new RecoverableWal(_archive.Archive, inventory, MadeUpArchive.Identity, own, []);
        var wal = new RestoreWal(new WalChain(TimelineId.First, metadata.StartWal, MadeUpArchive.Name(1, 4), 4), [], [])
        {
            End = end ?? new RecoveryEnd(RecoveryTarget.Latest, null),
            Path = new RecoveryPath(found, number => MadeUpArchive.Name(1, number), 4),
            HasArchive = true,
        };
        var backup = new StoredBackup(new BackupName(new DateTime(2025, 1, 8, 14, 30, 0, DateTimeKind.Unspecified)), _directory.Path, metadata, new ChecksumList([]), null);
        return await new CopyWalScan(backup, metadata, wal).ReadAsync(TestContext.Current.CancellationToken);
    }
}
