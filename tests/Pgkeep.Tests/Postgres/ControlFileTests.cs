using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

/// <summary>
/// The fixtures are the first 512 bytes of pg_control from servers of that major, each in another state, and what the same major's
/// pg_controldata says of the file: 13 a standby, 15 in production with 1 MB segments and settings unlike the defaults, 17 in the
/// middle of recovering a base backup with 64 MB segments, 18 shut down. 14 and 16 are new clusters.
/// </summary>
public sealed class ControlFileTests
{
    private const int ChecksumOffset = 288;

    [Theory]
    [InlineData(13)]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(18)]
    public void Every_field_is_what_pg_controldata_says(int major)
    {
        var said = Encoding.UTF8.GetString(Fixture.Bytes($"control/{major}.pg_controldata.txt")).Split('\n');

        Assert.All(Describe(Parse(Real(major))), line => Assert.Contains(line, said));
    }

    [Theory]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(18)]
    public void The_file_tells_which_major_wrote_it(int major)
    {
        var control = Parse(Real(major));

        Assert.True(PostgresVersion.TryGetByControlFile(control.ControlFileVersion, control.CatalogVersion, out var version));
        Assert.Equal(major, version!.Major);
    }

    [Theory]
    [InlineData(13, (int)ClusterState.InArchiveRecovery)]
    [InlineData(15, (int)ClusterState.InProduction)]
    [InlineData(17, (int)ClusterState.InArchiveRecovery)]
    [InlineData(18, (int)ClusterState.ShutDown)]
    public void The_state_is_named(int major, int state) => Assert.Equal((ClusterState)state, Parse(Real(major)).State);

    [Fact]
    public void Data_checksums_are_seen()
    {
        Assert.False(Parse(Real(13)).HasDataChecksums);
        Assert.True(Parse(Real(15)).HasDataChecksums);
    }

    [Fact]
    public void The_rest_of_the_file_does_not_matter()
    {
        var whole = new byte[8192];
        Real(15).CopyTo(whole, 0);
        whole[4096] = 1;

        Assert.Equal(Parse(Real(15)), Parse(whole));
    }

    [Fact]
    public void A_file_cut_anywhere_is_a_problem_and_not_a_crash()
    {
        var bytes = Real(18);

        Assert.All(Enumerable.Range(0, bytes.Length), length =>
            Assert.Equal($"pg_control has {length} bytes, which is less than 512", ProblemOf(bytes[..length])));
    }

    [Fact]
    public void Each_bit_that_counts_is_covered_by_the_CRC()
    {
        var bytes = Real(18);

        Assert.All(Enumerable.Range(16, 292 + 4 - 16), offset =>
        {
            var damaged = (byte[])bytes.Clone();
            damaged[offset] ^= 0x10;

            Assert.Equal("the CRC of pg_control is wrong", ProblemOf(damaged));
        });
    }

    [Theory]
    [InlineData(8, 1902u, "the version of pg_control is \"1902\", which is not known")]
    [InlineData(8, 0x14050000u, "pg_control was written by a machine of the other byte order")]
    [InlineData(16, 7u, "the cluster state in pg_control is \"7\", which is not known")]
    [InlineData(172, 3u, "the wal_level in pg_control is \"3\", which is not known")]
    [InlineData(108, 0x7FFFFFFFu, "the checkpoint's time in pg_control is \"9223372034")]
    [InlineData(212, 0u, "pg_control was written by a machine of another floating-point format")]
    [InlineData(216, 8191u, "the block size in pg_control is \"8191\"")]
    [InlineData(220, 0u, "the relation segment size in pg_control is \"0\"")]
    [InlineData(224, 0u, "the WAL block size in pg_control is \"0\"")]
    [InlineData(228, 16u, "the WAL segment size in pg_control is \"16\"")]
    public void A_value_that_no_server_writes_is_a_problem_even_under_a_good_CRC(int offset, uint value, string expected)
    {
        var bytes = Real(15);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), value);
        Seal(bytes);

        Assert.StartsWith(expected, ProblemOf(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_never_throws_whether_or_not_the_CRC_was_made_to_fit()
    {
        Assert.All(Mutation.Of(Real(17), 5_000), bytes =>
        {
            _ = ControlFile.TryParse(bytes, out _, out _);
            Seal(bytes);
            var parsed = ControlFile.TryParse(bytes, out var control, out var problem);

            Assert.Equal(parsed, control is not null);
            Assert.Equal(parsed, problem.Length == 0);
        });
    }

    private static byte[] Real(int major) => Fixture.Bytes($"control/{major}.pg_control");

    private static ControlFile Parse(byte[] bytes)
    {
        Assert.True(ControlFile.TryParse(bytes, out var control, out var problem), problem);
        return control!;
    }

    private static string ProblemOf(byte[] bytes)
    {
        Assert.False(ControlFile.TryParse(bytes, out var control, out var problem));
        Assert.Null(control);
        return problem;
    }

    private static void Seal(byte[] bytes) =>
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(ChecksumOffset), Crc32C.Compute(bytes.AsSpan(0, ChecksumOffset)));

    private static string[] Describe(ControlFile control) =>
    [
        Line("pg_control version number", control.ControlFileVersion),
        Line("Catalog version number", control.CatalogVersion),
        Line("Database system identifier", control.SystemIdentifier),
        Line("Database cluster state", control.State switch
        {
            ClusterState.InArchiveRecovery => "in archive recovery",
            ClusterState.InProduction => "in production",
            ClusterState.ShutDown => "shut down",
            _ => "?",
        }),
        Line("Latest checkpoint location", control.CheckPoint),
        Line("Latest checkpoint's REDO location", control.CheckPointRedo),
        Line(
            "Latest checkpoint's REDO WAL file",
            WalSegmentName.FromLsn(control.CheckPointTimeline, control.CheckPointRedo, control.WalSegmentSize)),
        Line("Latest checkpoint's TimeLineID", control.CheckPointTimeline),
        Line("Time of latest checkpoint", control.CheckPointTime.ToString("ddd MMM dd HH:mm:ss yyyy", CultureInfo.InvariantCulture)),
        Line("Minimum recovery ending location", control.MinRecoveryPoint),
        Line("Min recovery ending loc's timeline", control.MinRecoveryPointTimeline),
        Line("Backup start location", control.BackupStartPoint),
        Line("Backup end location", control.BackupEndPoint),
        Line("End-of-backup record required", control.BackupEndRequired ? "yes" : "no"),
        Line("wal_level setting", control.WalLevel.ToString().ToLowerInvariant()),
        Line("max_connections setting", control.MaxConnections),
        Line("max_worker_processes setting", control.MaxWorkerProcesses),
        Line("max_wal_senders setting", control.MaxWalSenders),
        Line("max_prepared_xacts setting", control.MaxPreparedTransactions),
        Line("max_locks_per_xact setting", control.MaxLocksPerTransaction),
        Line("Database block size", control.BlockSize),
        Line("Blocks per segment of large relation", control.RelationSegmentBlocks),
        Line("WAL block size", control.WalBlockSize),
        Line("Bytes per WAL segment", control.WalSegmentSize.Bytes),
        Line("Data page checksum version", control.DataChecksumVersion),
    ];

    private static string Line(string name, object value) => string.Create(CultureInfo.InvariantCulture, $"{name + ":",-37} {value}");
}
